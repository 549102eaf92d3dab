import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buildCsr, newPrivateKey, parseCertificate } from "@countersign/issuer-core";
import { expect, test } from "vitest";
import { Openssl } from "../e2e/fixtures/openssl.ts";
import { startCertsrv } from "./adcs/start-certsrv.ts";
import { startAcceptor } from "./adcs-acceptors.ts";
import { describeWithAcceptors } from "./adcs-tools.ts";
import { buildRig } from "./build-rig.ts";
import { runTool } from "./pkcs11-tools.ts";

const user = { domain: "CORP", username: "svc", password: "Passw0rd" };

describeWithAcceptors("the simulator of certsrv behind NTLM with EPA Require", () => {
  test("is taken for the real one by PyPI's certsrv: issued, pending, denied", async () => {
    await using certsrv = await startCertsrv();
    await using openssl = await Openssl.open();
    await using acceptor = await startAcceptor({
      ...{ epa: "require", schemes: ["NTLM"], ntlm: "gss-ntlmssp", users: [user] },
      backend: certsrv.backendUrl,
    });
    const key = newPrivateKey({ name: "RSA", modulusLength: 2048 });
    const csrPath = join(openssl.folder, "csr.pem");
    await writeFile(csrPath, await buildCsr({ key, dnsNames: ["web.example.com"] }));
    const { path: python } = await buildRig("adcs-acceptors");
    const script = join(import.meta.dirname, "adcs", "certsrv_client.py");
    const server = `localhost:${acceptor.port}`;
    const args = [script, server, acceptor.certificatePath, csrPath, "CORP\\svc", user.password];
    const told = JSON.parse(await runTool(python, args, { REQUESTS_CA_BUNDLE: acceptor.certificatePath }));
    expect(told).toMatchObject({
      credentials: true,
      pending: "8",
      denied: expect.stringContaining("0x80094800"),
    });
    expect(parseCertificate(told.ca).subject).toBe("CN=Corp Issuing CA");
    expect(parseCertificate(told.certificate).names.dns).toEqual(["web.example.com"]);
    expect(certsrv.ca.rows.map(({ disposition, requester }) => [disposition, requester])).toEqual([
      [3, "CORP\\svc"],
      [5, "CORP\\svc"],
      [2, "CORP\\svc"],
    ]);
    const accepted = (await acceptor.ledger()).filter(({ outcome }) => outcome === "accepted");
    expect(accepted.length).toBeGreaterThan(0);
    expect(accepted.every(({ bound }) => bound)).toBe(true);
  });
});
