import { generateKeyPairSync } from "node:crypto";
import { parseCertificate } from "@countersign/issuer-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeWithRigs } from "../rigs.ts";
import { signJwt } from "./jwt-fixture.ts";
import { startVenafiCloud, type VenafiCloud } from "./start-venafi-cloud.ts";
import { thumbprintOf } from "./thumbprint.ts";
import { opensslSays, type VcertCli, vcertCli } from "./vcert-clients.ts";

const serviceKey = generateKeyPairSync("ec", { namedCurve: "P-256" });
const account = { issuer: "https://cluster.example", subject: "system:serviceaccount:pki:issuer" };

describeWithRigs(["venafi-vcert-go"], "the Go client vcert 5.12.2 at the simulator of the SaaS", () => {
  let cloud: VenafiCloud;
  let vcert: VcertCli;

  beforeAll(async () => {
    const jwks = [serviceKey.publicKey.export({ format: "jwk" })];
    cloud = await startVenafiCloud({ serviceAccounts: [{ ...account, jwks }] });
    vcert = await vcertCli();
    await vcert.write("trust.pem", cloud.caPem);
  });
  afterAll(async () => {
    await vcert[Symbol.asyncDispose]();
    await cloud.stop();
  });

  const at = () => ["-p", "vcp", "-u", cloud.url, "--trust-bundle", "trust.pem"];
  const withKey = () => [...at(), "-k", cloud.credentials.apiKey];
  const names = (host: string) => ["--cn", host, "--san-dns", host, "--no-prompt"];
  const files = ["--cert-file", "cert.pem", "--chain-file", "chain.pem", "--key-file", "key.pem"];
  const enroll = (zone: string, host: string, ...more: readonly string[]) =>
    vcert.ok(["enroll", ...withKey(), "-z", zone, ...names(host), ...files, ...more]);
  const got = async (host: string) => {
    const [certificate, chain] = [await vcert.read("cert.pem"), await vcert.read("chain.pem")];
    expect(await opensslSays(certificate + chain, cloud.rootPem, host)).toBe("OK");
    return parseCertificate(certificate);
  };

  test("an API key that is unknown is told in the product's words", async () => {
    const run = ["getpolicy", ...at(), "-k", "00000000-0000-0000-0000-000000000000", "-z", "Open\\Default"];
    expect(await vcert.run(run)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("Error Code: 10501 Error: Unable to find api key for key"),
    });
  });

  test("the zone's template is read as it was written; one that is not there is not found", async () => {
    const { stdout } = await vcert.ok(["getpolicy", ...withKey(), "-z", "Web Shop\\Strict"]);
    expect(JSON.parse(stdout)).toMatchObject({
      users: ["issuer@example.com"],
      policy: {
        maxValidDays: 30,
        subject: { orgs: ["Example Corp"], countries: ["GB"] },
        keyPair: { keyTypes: ["RSA"], rsaKeySizes: [2048, 3072], reuseAllowed: false },
        subjectAltNames: { dnsAllowed: true },
      },
    });
    const run = ["enroll", ...withKey(), "-z", "Web Shop\\Nothing", ...names("x.example.com")];
    expect(await vcert.run(run)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("Error Code: 20216"),
    });
  });

  describe("a certificate", () => {
    test("is enrolled through every kind of waiting, with a validity and tags", async () => {
      cloud.control.pendingFor(1);
      cloud.control.missingFor(1);
      cloud.control.unsignedFor(1);
      await enroll("Open\\Default", "a.example.com", "--valid-days", "20", "--tags", "team:web");
      cloud.control.pendingFor(0);
      cloud.control.missingFor(0);
      cloud.control.unsignedFor(0);
      const leaf = await got("a.example.com");
      expect((leaf.notAfter.getTime() - Date.now()) / 86_400_000).toBeCloseTo(20, 1);
      expect(cloud.ledger.of("order").map(({ tags }) => tags)).toEqual([["team:web"]]);
      const seen = cloud.calls.filter(({ path }) => path.endsWith("/contents")).map(({ status }) => status);
      expect(seen).toEqual([404, 409, 200]);
    });

    test("is enrolled for a CSR of one's own, and picked up later", async () => {
      await vcert.ok([
        "gencsr",
        ...names("own.example.com"),
        "--key-file",
        "own.key",
        "--csr-file",
        "own.csr",
      ]);
      const own = ["--csr", "file:own.csr", "--no-prompt", "--no-pickup", "--pickup-id-file", "id.txt"];
      await vcert.ok(["enroll", ...withKey(), "-z", "Open\\Default", ...own]);
      const pickup = ["pickup", ...withKey(), "--pickup-id-file", "id.txt", "--no-prompt"];
      await vcert.ok([...pickup, "--cert-file", "cert.pem", "--chain-file", "chain.pem"]);
      const leaf = await got("own.example.com");
      expect(cloud.ledger.of("certificate").at(-1)).toMatchObject({
        id: (await vcert.read("id.txt")).trim(),
        serial: leaf.serialHex,
      });
    });

    test("is refused where template and request disagree", async () => {
      const run = ["enroll", ...withKey(), "-z", "Web Shop\\Strict", ...names("bad.example.net")];
      expect(await vcert.run(run)).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/412 Precondition Failed.*Error Code: 10726.*component CN .*invalid/s),
      });
    });

    test("that fails leaves the client with the error information", async () => {
      cloud.control.failIssuance({ error: { message: "CA is on holiday" } });
      const run = ["enroll", ...withKey(), "-z", "Open\\Default", ...names("f.example.com")];
      expect(await vcert.run(run)).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/FAILED.*CA is on holiday/s),
      });
    });

    test("is renewed by thumbprint, revoked and retired", async () => {
      await enroll("Open\\Default", "r.example.com");
      const first = await got("r.example.com");
      const thumbprint = ["--thumbprint", thumbprintOf(first.der)];
      await vcert.ok(["renew", ...withKey(), ...thumbprint, "--no-prompt", ...files]);
      const second = await got("r.example.com");
      expect(second.publicKey.equals(first.publicKey)).toBe(false);
      // Its GraphQL client does not look at the trust bundle.
      const trust = { SSL_CERT_FILE: vcert.path("trust.pem") };
      const revoked = await vcert.ok(
        ["revoke", ...withKey(), ...thumbprint, "--reason", "superseded"],
        trust,
      );
      expect(revoked.stderr).toContain("was successfully submitted");
      expect(cloud.ledger.of("revocation").at(-1)?.reason).toBe("SUPERSEDED");
      const retired = await vcert.ok(["retire", ...withKey(), ...thumbprint]);
      expect(retired.stderr).toContain("Successfully retired certificate");
    });

    test("of another key is found out by the client", async () => {
      cloud.control.wrongKey();
      const run = ["enroll", ...withKey(), "-z", "Open\\Default", ...names("w.example.com")];
      expect(await vcert.run(run)).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/unmatched key/i),
      });
      cloud.control.tamper(undefined);
    });
  });

  test("a service account's JWT is exchanged for a token that enrolls; another's is refused", async () => {
    const exp = Math.floor(Date.now() / 1000) + 600;
    const claims = { iss: account.issuer, sub: account.subject, exp };
    await vcert.write("jwt", signJwt(claims, serviceKey.privateKey));
    await vcert.write("other", signJwt({ ...claims, sub: "other" }, serviceKey.privateKey));
    const getcred = (jwt: string) =>
      vcert.run([
        "getcred",
        ...at(),
        ...["--token-url", cloud.credentials.tokenUrl, "--external-jwt", `file:${jwt}`, "--format", "json"],
      ]);
    const { code, stdout } = await getcred("jwt");
    expect(code).toBe(0);
    const { access_token: token } = JSON.parse(stdout);
    const run = ["enroll", ...at(), "-t", token, "-z", "Open\\Default", ...names("j.example.com"), ...files];
    await vcert.ok(run);
    await got("j.example.com");
    expect(await getcred("other")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("401 Unauthorized"),
    });
  });
});
