import { createPublicKey } from "node:crypto";
import { parseCsr } from "@countersign/issuer-signer";
import { describe, expect, test } from "vitest";
import type { CertificateSpec } from "./certificate.ts";
import { certificateCsr, csrMatches } from "./csr.ts";
import { generatePrivateKey } from "./key.ts";

const base: CertificateSpec = { secretName: "s", issuerRef: { name: "i" } };

describe("the CSR of a Certificate", () => {
  test("carries subject, names and usages of the spec", async () => {
    const key = await generatePrivateKey({ algorithm: "ECDSA" });
    const csr = parseCsr(
      await certificateCsr(
        {
          ...base,
          commonName: "web",
          subject: { organizations: ["Acme", "Sales"], countries: ["SE"], serialNumber: "7" },
          dnsNames: ["a.example.com", "*.b.example.com"],
          ipAddresses: ["192.0.2.1", "2001:db8::1"],
          uris: ["spiffe://example.com/web"],
          emailAddresses: ["ops@example.com"],
          usages: ["digital signature", "server auth", "client auth"],
        },
        key,
      ),
    );
    expect(csr.subject).toBe("SERIALNUMBER=7,CN=web,O=Sales,O=Acme,C=SE");
    expect(csr.names).toMatchObject({
      dns: ["a.example.com", "*.b.example.com"],
      ip: ["192.0.2.1", "2001:db8::1"],
      uri: ["spiffe://example.com/web"],
      email: ["ops@example.com"],
    });
    expect(csr.keyUsage).toEqual(["digital signature"]);
    expect(csr.extendedKeyUsage).toEqual(["server auth", "client auth"]);
    expect(csr.publicKey.equals(createPublicKey(key))).toBe(true);
  });

  test("defaults the usages, marks the names critical without a subject, and leaves usages out on demand", async () => {
    const key = await generatePrivateKey({ algorithm: "Ed25519" });
    const csr = parseCsr(await certificateCsr({ ...base, dnsNames: ["a.example.com"] }, key));
    expect(csr.keyUsage).toEqual(["digital signature", "key encipherment"]);
    expect(csr.sanCritical).toBe(true);
    const bare = parseCsr(
      await certificateCsr({ ...base, commonName: "a", encodeUsagesInRequest: false }, key),
    );
    expect(bare.extensions).toEqual([]);
  });

  test("asks for cert sign but no BasicConstraints where the certificate is a CA", async () => {
    const key = await generatePrivateKey({ algorithm: "Ed25519" });
    const csr = parseCsr(
      await certificateCsr({ ...base, commonName: "ca", isCA: true, usages: ["crl sign"] }, key),
    );
    expect(csr.keyUsage).toEqual(["cert sign", "crl sign"]);
    expect(csr.basicConstraints).toBeUndefined();
  });

  test("takes a literal subject in the order of RFC 4514", async () => {
    const key = await generatePrivateKey({ algorithm: "Ed25519" });
    const literalSubject = "CN=a\\, b\\C3\\A9,O=Acme,DC=example,DC=com";
    const csr = parseCsr(await certificateCsr({ ...base, literalSubject }, key));
    expect(csr.subject).toBe("CN=a\\, bé,O=Acme,DC=example,DC=com");
  });
});

describe("a CSR matches", () => {
  const spec: CertificateSpec = { ...base, commonName: "web", dnsNames: ["a.example.com"] };

  test("the spec and key that made it, although each signature differs", async () => {
    const key = await generatePrivateKey({ algorithm: "ECDSA" });
    const pem = await certificateCsr(spec, key);
    expect(await certificateCsr(spec, key)).not.toBe(pem);
    expect(await csrMatches(pem, spec, key)).toBe(true);
  });

  test.each<[string, Partial<CertificateSpec>]>([
    ["another name", { dnsNames: ["b.example.com"] }],
    ["another subject", { commonName: "other" }],
    ["other usages", { usages: ["client auth"] }],
  ])("not with %s", async (_, change) => {
    const key = await generatePrivateKey({ algorithm: "Ed25519" });
    const pem = await certificateCsr(spec, key);
    expect(await csrMatches(pem, { ...spec, ...change }, key)).toBe(false);
  });

  test("not with another key, and not when it is no CSR at all", async () => {
    const key = await generatePrivateKey({ algorithm: "Ed25519" });
    const pem = await certificateCsr(spec, key);
    expect(await csrMatches(pem, spec, await generatePrivateKey({ algorithm: "Ed25519" }))).toBe(false);
    expect(await csrMatches("hello", spec, key)).toBe(false);
    expect(await csrMatches("", spec, key)).toBe(false);
  });
});
