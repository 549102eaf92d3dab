import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  type KeyAlgorithm,
  parseCertificate,
  parseCertificates,
  type SignRequest,
  verifyIssued,
} from "@countersign/issuer-signer";
import { type SignRequestForOptions, signRequestFor } from "@countersign/issuer-signer/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeWithRigs, VAULT } from "../../../../test/rigs/rigs.ts";
import { startVault, type Vault } from "../../../../test/rigs/vault.ts";
import { VAULT_FLAVOURS } from "../../../../test/rigs/vault-node.ts";
import { vaultWrite } from "../../../../test/rigs/vault-request.ts";
import { failureOf } from "../connect-fixture.ts";
import { connectWithToken, webRequest } from "./connect.ts";
import { mountPki, type PkiMount } from "./pki-mount.ts";

const run = promisify(execFile);

const keys: Readonly<Record<string, KeyAlgorithm>> = {
  "RSA 2048": { name: "RSA", modulusLength: 2048 },
  "RSA 3072": { name: "RSA", modulusLength: 3072 },
  "P-256": { name: "EC", curve: "P-256" },
  "P-384": { name: "EC", curve: "P-384" },
  Ed25519: { name: "Ed25519" },
};

const contents: Readonly<Record<string, SignRequestForOptions>> = {
  "a DNS name": { dnsNames: ["a.example.com"] },
  "a common name": { commonName: "a.example.com", dnsNames: ["a.example.com", "b.example.com"] },
  "a wildcard": { commonName: "*.example.com", dnsNames: ["*.example.com"] },
  "IP addresses": { dnsNames: ["a.example.com"], ipAddresses: ["10.1.2.3", "2001:db8::1"] },
  "a URI": { dnsNames: ["a.example.com"], uris: ["spiffe://example.com/ns/a/sa/b"] },
  "an e-mail address": { dnsNames: [], emails: ["ops@example.com"] },
  "every kind of name": {
    ...{ commonName: "a.example.com", dnsNames: ["a.example.com"], ipAddresses: ["10.1.2.3"] },
    ...{ uris: ["https://example.com/a"], emails: ["ops@example.com"] },
  },
};

/** What was issued otherwise than asked, by field. */
function differences(request: SignRequest, chain: string): readonly string[] {
  const { parsedCsr: csr, isCA, usages, durationSeconds } = request;
  const { mismatches } = verifyIssued({ csr, chain, now: new Date(), isCA, usages, durationSeconds });
  return mismatches.map(({ field }) => field);
}

for (const flavour of VAULT_FLAVOURS) {
  describeWithRigs(VAULT[flavour], `${flavour}: what is signed`, () => {
    let vault: Vault;
    let pki: PkiMount;
    let folder: string;
    beforeAll(async () => {
      vault = await startVault({ flavour });
      pki = await mountPki(vault);
      folder = await mkdtemp(join(tmpdir(), "countersign-vault-signing-"));
    });
    afterAll(async () => {
      await vault?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    const connected = (path: string, token = vault.rootToken) => connectWithToken(vault, path, token);

    /** OpenSSL's word, with nothing but Vault's root. */
    async function openssl(chain: string): Promise<string> {
      await writeFile(join(folder, "root.pem"), pki.rootPem);
      await writeFile(join(folder, "chain.pem"), chain);
      const files = ["-CAfile", "root.pem", "-untrusted", "chain.pem", "chain.pem"];
      return (await run("openssl", ["verify", "-x509_strict", ...files], { cwd: folder })).stdout;
    }

    describe.each(Object.entries(keys))("%s", (_, keyAlgorithm) => {
      test.each(Object.entries(contents))("%s", async (_name, content) => {
        await using issuer = connected(`${pki.mount}/sign/any`);
        // What the role sets: flags for servers and clients, and the default key usages.
        const usages = [
          "digital signature",
          "key agreement",
          "key encipherment",
          "server auth",
          "client auth",
        ];
        const request = await signRequestFor({ ...content, keyAlgorithm, usages, durationSeconds: 7_200 });
        const { chain, conditions } = await issuer.sign(request);
        // Vault back-dates by 30 s, which is within the tolerance of core.
        expect(differences(request, chain)).toEqual([]);
        expect(conditions).toBeUndefined();
        expect(await openssl(chain)).toContain("OK");
      });
    });

    test.each([
      ["sign/any", {}, ["keyUsage", "extendedKeyUsage"]],
      ["sign-verbatim", {}, []],
      ["sign-verbatim/any", {}, []],
      ["issuer/default/sign-verbatim", {}, []],
    ])("%s has these differences where other usages are asked for: %j", async (path, more, expected) => {
      await using issuer = connected(`${pki.mount}/${path}`);
      const usages = ["digital signature", "client auth", "code signing"];
      const request = await signRequestFor({
        commonName: "a.example.com",
        usages,
        durationSeconds: 7_200,
        ...more,
      });
      const { chain } = await issuer.sign(request);
      expect(differences(request, chain)).toEqual(expected);
    });

    test("a CA certificate is one, with the path length of its request", async () => {
      await using issuer = connected(`${pki.mount}/root/sign-intermediate`);
      const { stdout } = await run("openssl", [
        ...[
          "req",
          "-new",
          "-newkey",
          "ec",
          "-pkeyopt",
          "ec_paramgen_curve:P-256",
          "-nodes",
          "-keyout",
          "/dev/null",
        ],
        ...["-subj", "/O=Acme/CN=Sub CA", "-addext", "basicConstraints=critical,CA:TRUE,pathlen:0"],
        ...["-addext", "keyUsage=critical,keyCertSign,cRLSign"],
      ]);
      const usages = ["cert sign", "crl sign"];
      const request = await signRequestFor({ csr: stdout, isCA: true, usages, durationSeconds: 7_200 });
      const { chain } = await issuer.sign(request);
      const [leaf] = parseCertificates(chain);
      expect(leaf).toMatchObject({ isCA: true, pathLength: 0, subject: request.parsedCsr.subject });
      expect(differences(request, chain)).toEqual([]);
      expect(await openssl(chain)).toContain("OK");
      expect(await failureOf(connected(`${pki.mount}/sign/any`).sign(request))).toMatchObject({
        code: "REQUEST_REJECTED",
      });
    });

    test("a lifetime beyond the role's is shortened, and told", async () => {
      await using issuer = connected(`${pki.mount}/sign/web`);
      const { chain, conditions } = await issuer.sign(
        await webRequest("a", { durationSeconds: 30 * 86_400 }),
      );
      expect(conditions).toMatchObject([
        {
          type: "VaultPolicyApplied",
          reason: "LifetimeShortened",
          message: expect.stringContaining("720 h to 72 h"),
        },
      ]);
      const [leaf] = parseCertificates(chain);
      expect((leaf?.notAfter.getTime() ?? 0) - Date.now()).toBeLessThanOrEqual(72 * 3_600_000);
    });

    test("an organisation is the role's to give, and told", async () => {
      const { stdout } = await run("openssl", [
        ...[
          "req",
          "-new",
          "-newkey",
          "ec",
          "-pkeyopt",
          "ec_paramgen_curve:P-256",
          "-nodes",
          "-keyout",
          "/dev/null",
        ],
        ...["-subj", "/O=Acme/CN=a.example.com", "-addext", "subjectAltName=DNS:a.example.com"],
      ]);
      const request = await signRequestFor({ csr: stdout, durationSeconds: 3_600 });
      await using signs = connected(`${pki.mount}/sign/web`);
      expect((await signs.sign(request)).conditions).toMatchObject([{ reason: "SubjectChanged" }]);
      await using verbatim = connected(`${pki.mount}/sign-verbatim/web`);
      expect((await verbatim.sign(request)).conditions).toBeUndefined();
    });

    test("a role that takes no names from the CSR is told them", async () => {
      const role = { allow_any_name: true, key_type: "any", require_cn: false, use_csr_common_name: false };
      await vaultWrite(vault, `${pki.mount}/roles/told`, {
        ...role,
        use_csr_sans: false,
        allowed_uri_sans: "*",
      });
      await using issuer = connected(`${pki.mount}/sign/told`);
      const request = await signRequestFor({
        ...{ commonName: "a.example.com", dnsNames: ["a.example.com", "b.example.com"] },
        ...{ ipAddresses: ["10.0.0.1"], uris: ["spiffe://a/b"], emails: ["ops@example.com"] },
      });
      const [leaf] = parseCertificates((await issuer.sign(request)).chain);
      expect(leaf?.commonName).toBe("a.example.com");
      expect(leaf?.names).toMatchObject({
        ...{ dns: ["a.example.com", "b.example.com"], ip: ["10.0.0.1"] },
        ...{ uri: ["spiffe://a/b"], email: ["ops@example.com"] },
      });
    });

    test("a mount without its root has the intermediate in both tls.crt and ca.crt", async () => {
      const other = await mountPki(vault, { name: "rootless", withoutRoot: true });
      await using issuer = connected(`${other.mount}/sign/any`);
      const request = await signRequestFor({ durationSeconds: 3600 });
      const { chain } = await issuer.sign(request);
      const { parsedCsr: csr, isCA, durationSeconds } = request;
      const verified = verifyIssued({ csr, chain, now: new Date(), isCA, durationSeconds });
      const intermediate = parseCertificate(other.intermediatePem).sha256Hex;
      expect(verified.chain.chain.map(({ sha256Hex }) => sha256Hex)[1]).toBe(intermediate);
      expect(parseCertificate(verified.caPem ?? "").sha256Hex).toBe(intermediate);
    });

    describe("what the role refuses is the request's fault, by the server's own words", () => {
      test.each<[string, object, SignRequestForOptions, string]>([
        ["a common name", {}, { commonName: "a.example.net", dnsNames: [] }, "allowed_domains=[example.com]"],
        [
          "a DNS name",
          {},
          { commonName: "a.example.com", dnsNames: ["a.example.com", "a.example.net"] },
          '"a.example.net"',
        ],
        ["a bare domain", {}, { commonName: "example.com", dnsNames: [] }, "allow_bare_domains=false"],
        ["no common name", {}, { commonName: undefined, dnsNames: ["a.example.com"] }, "require_cn=false"],
        ["IP addresses", { allow_ip_sans: false }, { ipAddresses: ["10.0.0.1"] }, "allow_ip_sans=false"],
        ["URIs", {}, { uris: ["spiffe://a/b"] }, "URIs"],
        ["an e-mail address", {}, { emails: ["a@example.net"] }, "e-mail address"],
        [
          "a wildcard",
          { allow_wildcard_certificates: false },
          { commonName: "*.example.com", dnsNames: [] },
          "allow_wildcard_certificates=false",
        ],
        ["another kind of key", { key_type: "rsa" }, {}, "key_type=rsa"],
        [
          "a small key",
          { key_type: "rsa", key_bits: 4096 },
          { keyAlgorithm: { name: "RSA", modulusLength: 2048 } },
          "key_bits=4096",
        ],
      ])("%s", async (_, role, content, words) => {
        const base = { allowed_domains: "example.com", allow_subdomains: true, key_type: "any" };
        await vaultWrite(vault, `${pki.mount}/roles/strict`, { ...base, ...role });
        await using issuer = connected(`${pki.mount}/sign/strict`);
        const request = { commonName: "a.example.com", dnsNames: ["a.example.com"], ...content };
        const error = await failureOf(issuer.sign(request));
        expect(error).toMatchObject({ code: "REQUEST_REJECTED" });
        expect(error.message).toContain(words);
      });
    });

    test("a certificate that would outlive the CA is tried again, and no fault of the issuer", async () => {
      await vaultWrite(vault, `${pki.mount}/roles/long`, {
        ...{ allow_any_name: true, key_type: "any", require_cn: false, max_ttl: "43800h" },
      });
      await using issuer = connected(`${pki.mount}/sign/long`);
      const error = await failureOf(issuer.sign({ durationSeconds: 43_700 * 3600 }));
      expect(error).toMatchObject({ code: "RETRYABLE", issuedNothing: true });
      expect(error.message).toContain("outlive the CA");
    });
  });
}
