import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { buildCsr, newPrivateKey } from "@countersign/issuer-core";
import { describe, expect, test } from "vitest";
import { Openssl } from "../../e2e/fixtures/openssl.ts";
import { freePort } from "../free-port.ts";
import { dispositions } from "./certsrv-ca.ts";
import { certsrvLanguages } from "./certsrv-languages.ts";
import { type Certsrv, startCertsrv } from "./start-certsrv.ts";

const csrFor = (name: string) =>
  buildCsr({ key: newPrivateKey({ name: "EC", curve: "P-256" }), dnsNames: [name] });

/** Calls the backend as a front does that has authenticated. */
function call(certsrv: Certsrv, page: string, form?: Readonly<Record<string, string>>, headers = {}) {
  return fetch(`${certsrv.backendUrl}/certsrv/${page}`, {
    headers: { "x-remote-user": "CORP\\svc", ...headers },
    ...(form === undefined ? {} : { method: "POST", body: new URLSearchParams(form) }),
  });
}

async function submit(certsrv: Certsrv, template: string) {
  const form = {
    Mode: "newreq",
    CertRequest: await csrFor("web.example.com"),
    CertAttrib: `CertificateTemplate:${template}\r\nOwner:team\r\n`,
  };
  return (await call(certsrv, "certfnsh.asp", form)).text();
}

describe("the simulator of certsrv", () => {
  test("issues certificates and PKCS#7 that OpenSSL reads and verifies", async () => {
    await using certsrv = await startCertsrv();
    await using openssl = await Openssl.open();
    expect(await submit(certsrv, "WebServer")).toContain("certnew.cer?ReqID=7&amp;Enc=b64");
    await openssl.write("root.pem", certsrv.rootPem);
    const leaf = await (await call(certsrv, "certnew.cer?ReqID=7&Enc=b64")).text();
    await openssl.write("leaf.pem", leaf);
    const envelope = Buffer.from(await (await call(certsrv, "certnew.p7b?ReqID=7&Enc=bin")).arrayBuffer());
    await openssl.write("chain.p7b", envelope);
    const chain = await openssl.run("pkcs7", "-inform", "DER", "-in", "chain.p7b", "-print_certs");
    await openssl.write("chain.pem", chain);
    const verdict = await openssl.run(
      "verify",
      "-x509_strict",
      "-CAfile",
      "root.pem",
      "-untrusted",
      "chain.pem",
      "leaf.pem",
    );
    expect(verdict).toContain("leaf.pem: OK");
    expect(certsrv.ca.rows).toMatchObject([
      { requester: "CORP\\svc", attributes: { CertificateTemplate: "WebServer", Owner: "team" } },
    ]);
  });

  test("has the media types of certificates for browsers only", async () => {
    await using certsrv = await startCertsrv();
    const page = "certnew.cer?ReqID=CACert&Renewal=0&Enc=b64";
    const type = async (headers: object) =>
      (await call(certsrv, page, undefined, headers)).headers.get("content-type");
    expect(await type({ "user-agent": "Mozilla/5.0" })).toBe("application/pkix-cert");
    expect(await type({ "user-agent": "curl/8" })).toBe("text/html");
  });

  test.each(Object.keys(certsrvLanguages) as (keyof typeof certsrvLanguages)[])(
    "says the same in %s: ids, numbers and codes",
    async (language) => {
      await using certsrv = await startCertsrv({ language });
      expect(await submit(certsrv, "WebServerApproval")).toMatch(/<P ID=locInfoReqID>.*7/);
      expect(await submit(certsrv, "Nowhere")).toMatch(/<P ID=locInfoReqIDandReason>.*0x80094800/);
      const waiting = await (await call(certsrv, "certnew.cer?ReqID=7&Enc=b64")).text();
      expect(waiting).toMatch(/<DT ID=locDispLabel>.*<\/DT><DD>\s*5 <LocID ID=locDispSpacer>/);
      const denied = await (await call(certsrv, "certnew.cer?ReqID=8&Enc=b64")).text();
      expect(denied).toMatch(/<DD>\s*2 <LocID ID=locDispSpacer>/);
    },
  );

  test("renewed, it has a list of generations, and denies or approves what waits", async () => {
    await using certsrv = await startCertsrv();
    await certsrv.ca.renew({ newKey: true });
    expect(await (await call(certsrv, "certcarc.asp")).text()).toContain("var nRenewals=1;");
    for (const id of [7, 8]) {
      await submit(certsrv, "WebServerApproval");
      expect(certsrv.ca.row(id)?.disposition).toBe(dispositions.pending);
    }
    await certsrv.ca.approve(7);
    certsrv.ca.deny(8);
    expect(certsrv.ca.rows.map(({ disposition }) => disposition)).toEqual([3, 2]);
    expect(() => certsrv.ca.deny(8)).toThrow(TypeError);
  });

  test("serves nobody who has not logged in", async () => {
    await using certsrv = await startCertsrv();
    const answer = await fetch(`${certsrv.backendUrl}/certsrv/certcarc.asp`);
    expect(answer.status).toBe(401);
    expect(certsrv.calls).toEqual([{ method: "GET", page: "certcarc.asp", user: "", status: 401 }]);
  });
});

describe("the program", () => {
  const main = join(import.meta.dirname, "main.ts");

  test("--help says what it is", async () => {
    const child = spawn(process.execPath, [main, "--help"], { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.on("data", (chunk) => {
      output += chunk;
    });
    expect(await once(child, "close")).toEqual([0, null]);
    expect(output).toMatch(/^Usage: .*\n\nRuns a simulator/);
  });

  test("runs until it is stopped, and takes orders", async (context) => {
    await using openssl = await Openssl.open();
    const ports = [await freePort(), await freePort()];
    const args = ["--port", String(ports[0]), "--backend-port", String(ports[1]), "--dir", openssl.folder];
    const child = spawn(process.execPath, [main, ...args], { stdio: ["pipe", "pipe", "inherit"] });
    context.onTestFinished(() => void child.kill("SIGKILL"));
    let output = "";
    child.stdout.on("data", (chunk) => {
      output += chunk;
    });
    await expect.poll(() => output, { timeout: 10_000 }).toContain("templates");
    const certsrv = { backendUrl: `http://127.0.0.1:${ports[1]}` } as Certsrv;
    await submit(certsrv, "WebServerApproval");
    child.stdin.write("approve 7\nrequests\n");
    await expect
      .poll(() => output, { timeout: 5_000 })
      .toMatch(/7 {2}disposition 3 {2}CORP\\svc {2}web\.example\.com/);
    expect(await readFile(join(openssl.folder, "root.pem"), "utf8")).toContain("BEGIN CERTIFICATE");
    child.kill("SIGTERM");
    expect(await once(child, "close")).toEqual([0, null]);
  });
});
