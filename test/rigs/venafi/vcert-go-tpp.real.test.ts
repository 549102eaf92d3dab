import { createPrivateKey, createPublicKey } from "node:crypto";
import { parseCertificate } from "@countersign/issuer-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newTlsCa } from "../../e2e/fixtures/tls-ca.ts";
import { describeWithRigs } from "../rigs.ts";
import { opensslPkcs12 } from "./pkcs12-fixture.ts";
import { startTpp, type Tpp } from "./start-tpp.ts";
import { thumbprintOf } from "./thumbprint.ts";
import { opensslSays, type VcertCli, vcertCli } from "./vcert-clients.ts";

const clientCa = newTlsCa("Client CA");

describeWithRigs(["venafi-vcert-go"], "the Go client vcert 5.12.2 at the TPP simulator", () => {
  let tpp: Tpp;
  let vcert: VcertCli;
  let token: string;

  beforeAll(async () => {
    tpp = await startTpp({ clientCaPem: clientCa.pem });
    vcert = await vcertCli();
    await vcert.write("trust.pem", tpp.caPem);
    token = (await getcred()).access_token;
  });
  afterAll(async () => {
    await vcert[Symbol.asyncDispose]();
    await tpp.stop();
  });

  const at = () => ["-p", "tpp", "-u", tpp.url, "--trust-bundle", "trust.pem"];
  const withToken = () => [...at(), "-t", token];
  const scope = "certificate:manage,revoke;configuration:manage";
  const password = ["--username", "local:issuer", "--password", "issuer-password", "--scope", scope];
  const getcred = async (...args: readonly string[]) => {
    const login = args.length === 0 ? password : args;
    return JSON.parse((await vcert.ok(["getcred", ...at(), ...login, "--format", "json"])).stdout);
  };
  const names = (host: string) => ["--cn", host, "--san-dns", host, "--no-prompt"];
  const files = ["--cert-file", "cert.pem", "--chain-file", "chain.pem", "--key-file", "key.pem"];
  const enroll = (zone: string, host: string, ...more: readonly string[]) =>
    vcert.ok(["enroll", ...withToken(), "-z", zone, ...names(host), ...files, ...more]);
  const got = async (host: string) => {
    const [certificate, chain] = [await vcert.read("cert.pem"), await vcert.read("chain.pem")];
    expect(await opensslSays(certificate + chain, tpp.rootPem, host)).toBe("OK");
    return parseCertificate(certificate);
  };

  describe("credentials", () => {
    test("are had by password, checked, refreshed once, refused the second time, and voided", async () => {
      const first = await getcred();
      expect(first).toMatchObject({ token_type: "Bearer", scope, refresh_token: expect.any(String) });
      // These two commands know TPP only, and no -p.
      const known = at().slice(2);
      const check = ["checkcred", ...known, "--format", "json", "-t"];
      const { stdout } = await vcert.ok([...check, first.access_token]);
      expect(JSON.parse(stdout)).toMatchObject({ application: "vcert-cli", identity: "local:issuer", scope });
      const second = await getcred("-t", first.refresh_token);
      expect(second.access_token).not.toBe(first.access_token);
      const again = await vcert.run(["getcred", ...at(), "-t", first.refresh_token]);
      expect(again).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(
          "400 Grant has been revoked, has expired, or the refresh token is invalid",
        ),
      });
      const voided = await vcert.ok(["voidcred", ...known, "-t", second.access_token]);
      expect(voided.stderr).toContain("Access token grant successfully revoked");
      expect(await vcert.run([...check, second.access_token])).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("failed to verify token. Message: 401"),
      });
    });

    test("are refused for a wrong password and for a scope beyond the integration's", async () => {
      const wrong = ["getcred", ...at(), "--username", "local:issuer", "--password", "wrong"];
      expect((await vcert.run(wrong)).stderr).toContain("400 Username/password combination not valid");
      const beyond = ["getcred", ...at(), ...password, "--client-id", "cert-manager.io"];
      expect((await vcert.run(beyond)).stderr).toContain(
        "403 Failed to issue grant: User is not authorized for the requested scope",
      );
    });

    test("are had by a client certificate", async () => {
      const { cert, key } = await clientCa.identity("issuer");
      await opensslPkcs12({ cert, key, password: "p12-password", file: vcert.path("client.p12") });
      const { access_token: own } = await getcred(
        "--p12-file",
        "client.p12",
        "--p12-password",
        "p12-password",
      );
      expect(own).toEqual(expect.any(String));
      expect(tpp.ledger.of("grant").at(-1)).toMatchObject({ how: "certificate", identity: "local:issuer" });
    });
  });

  test("the zone's policy is read as it was written", async () => {
    const { stdout } = await vcert.ok(["getpolicy", ...withToken(), "-z", "Certificates\\Strict"]);
    expect(JSON.parse(stdout).policy).toMatchObject({
      domains: ["example.com", ".internal.example"],
      wildcardAllowed: false,
      subject: { orgs: ["Example Corp"], countries: ["GB"] },
      keyPair: { keyTypes: ["RSA"], rsaKeySizes: [2048] },
      subjectAltNames: { dnsAllowed: true, ipAllowed: false, emailAllowed: false, uriAllowed: false },
    });
    const missing = await vcert.run(["enroll", ...withToken(), "-z", "Nowhere", ...names("x.example.com")]);
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringMatching(/zone not found/i) });
  });

  describe("a certificate", () => {
    test("is enrolled for a key that the client makes, with a validity and the zone's names", async () => {
      const { stderr } = await enroll("Certificates\\Strict", "a.example.com", "--valid-days", "30#M");
      expect(stderr).toContain(
        "Successfully retrieved request for \\VED\\Policy\\Certificates\\Strict\\a.example.com",
      );
      const leaf = await got("a.example.com");
      expect(leaf.subject).toContain("O=Example Corp");
      expect((leaf.notAfter.getTime() - Date.now()) / 86_400_000).toBeCloseTo(30, 1);
      const key = createPrivateKey(await vcert.read("key.pem"));
      expect(createPublicKey(key).equals(leaf.publicKey)).toBe(true);
    });

    test("is enrolled for a CSR of one's own", async () => {
      await vcert.ok([
        "gencsr",
        ...names("own.example.com"),
        "--key-file",
        "own.key",
        "--csr-file",
        "own.csr",
      ]);
      const own = [
        "--csr",
        "file:own.csr",
        "--no-prompt",
        "--cert-file",
        "cert.pem",
        "--chain-file",
        "chain.pem",
      ];
      await vcert.ok(["enroll", ...withToken(), "-z", "Open", ...own]);
      const leaf = await got("own.example.com");
      const key = createPrivateKey(await vcert.read("own.key"));
      expect(createPublicKey(key).equals(leaf.publicKey)).toBe(true);
    });

    test("is enrolled for a key that the server makes", async () => {
      await enroll("Certificates\\Server Keys", "server.example.com", "--csr", "service");
      const leaf = await got("server.example.com");
      const key = createPrivateKey(await vcert.read("key.pem"));
      expect(createPublicKey(key).equals(leaf.publicKey)).toBe(true);
    });

    test("waits for approval and is picked up later, where the client asks for a key in vain and goes on", async () => {
      tpp.control.holdInWorkflow();
      await enroll("Open", "later.example.com", "--no-pickup", "--pickup-id-file", "id.txt");
      expect((await vcert.read("id.txt")).trim()).toBe("\\VED\\Policy\\Open\\later.example.com");
      const pickup = ["pickup", ...withToken(), "--pickup-id-file", "id.txt", "--no-prompt"];
      const early = await vcert.run([...pickup, "--timeout", "1"]);
      expect(early).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("Issuance of certificate is pending"),
      });
      tpp.control.approve();
      const { stderr } = await vcert.ok([...pickup, "--cert-file", "cert.pem", "--chain-file", "chain.pem"]);
      expect(stderr).toContain("Successfully retrieved request for \\VED\\Policy\\Open\\later.example.com");
      tpp.control.holdInWorkflow(false);
      await got("later.example.com");
      expect(tpp.ledger.of("order").filter(({ dn }) => dn.endsWith("later.example.com"))).toHaveLength(1);
    });

    test("has its custom fields, and is refused without the mandatory one, in the policy's words", async () => {
      const bare = ["enroll", ...withToken(), "-z", "Certificates\\Fields", ...names("f.example.com")];
      expect((await vcert.run(bare)).stderr).toContain(
        "400 Custom Field error. The value for the mandatory Custom Field Cost Center is not set.",
      );
      const fields = [
        "--field",
        "Cost Center=42",
        "--field",
        "Cost Center=43",
        "--field",
        "Environment=Test",
      ];
      await enroll("Certificates\\Fields", "f.example.com", ...fields);
      await got("f.example.com");
      const object = tpp.control.object("\\VED\\Policy\\Certificates\\Fields\\f.example.com");
      expect(Object.fromEntries(object?.customFields ?? [])).toEqual({
        "Cost Center": ["42", "43"],
        Environment: ["Test"],
      });
      expect(object?.origin).toBe("Venafi VCert CLI");
    });

    test("is refused where policy and request disagree, before the client's eyes", async () => {
      const strict = [
        "enroll",
        ...withToken(),
        "-z",
        "Certificates\\Strict",
        "--csr",
        "file:bad.csr",
        "--no-prompt",
      ];
      const bad = ["--cn", "bad.example.net", "--san-dns", "bad.example.net", "-o", "Evil Inc"];
      await vcert.ok(["gencsr", ...bad, "--no-prompt", "--key-file", "bad.key", "--csr-file", "bad.csr"]);
      const { code, stderr } = await vcert.run(strict);
      expect(code).toBe(1);
      expect(stderr).toContain('Organization must be "Example Corp", not "Evil Inc".');
      expect(stderr).toContain('"bad.example.net" is not in the domain whitelist');
    });

    test("is renewed by id and by thumbprint, and revoked", async () => {
      await enroll("Open", "r.example.com");
      const first = await got("r.example.com");
      const id = "\\VED\\Policy\\Open\\r.example.com";
      const renew = (...by: readonly string[]) =>
        vcert.ok(["renew", ...withToken(), ...by, "--no-prompt", ...files]);
      expect((await renew("--id", id)).stderr).toContain(
        `Fetched the latest certificate. Serial: ${first.serialHex}`,
      );
      const second = await got("r.example.com");
      expect(second.publicKey.equals(first.publicKey)).toBe(false);
      await renew("--thumbprint", thumbprintOf(second.der));
      const third = await got("r.example.com");
      expect(new Set([first, second, third].map(({ serialHex }) => serialHex)).size).toBe(3);
      const { stderr } = await vcert.ok(["revoke", ...withToken(), "--id", id, "--reason", "superseded"]);
      expect(stderr).toContain(`Successfully created revocation request for ${id}`);
      expect(tpp.ledger.of("revocation").at(-1)).toMatchObject({
        dn: id,
        serial: third.serialHex,
        reason: 4,
      });
      expect(tpp.control.object(id)?.disabled).toBe(true);
    });

    test("of another key is found out by the client", async () => {
      tpp.control.wrongKey();
      const run = ["enroll", ...withToken(), "-z", "Open", ...names("w.example.com")];
      expect(await vcert.run(run)).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/unmatched key/i),
      });
      tpp.control.tamper(undefined);
    });

    test("that fails leaves the client with the product's words", async () => {
      tpp.control.failIssuance();
      const run = ["enroll", ...withToken(), "-z", "Open", ...names("e.example.com")];
      expect((await vcert.run(run)).stderr).toContain(
        "500 Certificate \\VED\\Policy\\Open\\e.example.com has encountered an error while processing, " +
          "Status: Post CSR failed with error: Cannot connect to the certificate authority (CA)., Stage: 500.",
      );
      expect((await vcert.run(run)).stderr).toContain(
        "Status: WebSDK CertRequest Module Requested Certificate",
      );
    });
  });
});
