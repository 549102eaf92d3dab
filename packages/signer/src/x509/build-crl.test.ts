import { afterAll, describe, expect, it } from "vitest";
import { type BuildCrlOptions, buildCrl } from "./build-crl.ts";
import { newSelfSignedCa } from "./ca-certificate.ts";
import { softwareCaSigner } from "./ca-signer.ts";
import { parseCertificate } from "./certificate.ts";
import { fixtureKey, writeCertificate } from "./certificate-fixture.ts";
import { encodeBasicConstraints, encodeExtension, encodeKeyUsage } from "./extensions.ts";
import { oids } from "./oid.ts";
import { OpensslFixture } from "./openssl-fixture.ts";
import type { KeyAlgorithm } from "./public-key.ts";

const openssl = new OpensslFixture();
afterAll(() => openssl[Symbol.dispose]());

const years = { notBefore: new Date("2020-01-01T00:00:00Z"), notAfter: new Date("2060-01-01T00:00:00Z") };
const ca = newSelfSignedCa({ commonName: "CRL CA", ...years });

function options(more: Partial<BuildCrlOptions> = {}): BuildCrlOptions {
  return {
    caCertificate: ca.certificate,
    signer: softwareCaSigner(ca.key),
    number: 300,
    thisUpdate: new Date("2026-01-01T00:00:00Z"),
    nextUpdate: new Date("2049-12-31T00:00:00Z"),
    revoked: [],
    ...more,
  };
}

describe("buildCrl", () => {
  const algorithms: readonly KeyAlgorithm[] = [
    { name: "RSA", modulusLength: 2048 },
    { name: "RSA-PSS", modulusLength: 2048 },
    { name: "EC", curve: "P-384" },
    { name: "Ed25519" },
  ];

  it.each(algorithms)("is verified and read by openssl: $name", async (keyAlgorithm) => {
    const own = newSelfSignedCa({ commonName: "CRL CA", keyAlgorithm, ...years });
    const crl = await buildCrl(
      options({
        caCertificate: own.certificate,
        signer: softwareCaSigner(own.key),
        revoked: [
          { serialHex: "0abc", revokedAt: new Date("2026-01-01T10:00:00Z"), reason: "keyCompromise" },
          { serialHex: "ff".repeat(19), revokedAt: new Date("2050-06-01T00:00:00Z") },
        ],
      }),
    );
    openssl.write("ca.pem", own.certificate.pem);
    openssl.write("crl.pem", crl.pem);
    openssl.run("crl", "-in", "crl.pem", "-CAfile", "ca.pem", "-noout", "-verify");
    const text = openssl.run("crl", "-in", "crl.pem", "-noout", "-text");
    expect(text).toMatch(/Version 2/);
    expect(text).toMatch(/CRL Number: *\n *300/);
    expect(text).toMatch(/Serial Number: 0ABC[\s\S]*Jan {2}1 10:00:00 2026[\s\S]*Key Compromise/);
    expect(text).toMatch(
      /Serial Number: (FF){19}\n *Revocation Date: Jun {2}1 00:00:00 2050 GMT\n(?! *CRL entry)/,
    );
    expect(text.toLowerCase().replace(/[^0-9a-f]/g, "")).toContain(own.certificate.skiHex);
  });

  it("has openssl refuse a revoked certificate and accept another", async () => {
    const leaf = newSelfSignedCa({ commonName: "CRL CA", ...years });
    openssl.write("ca.pem", leaf.certificate.pem);
    for (const [serialHex, isRevoked] of [
      [leaf.certificate.serialHex, true],
      ["01", false],
    ] as const) {
      const crl = await buildCrl(
        options({
          caCertificate: leaf.certificate,
          signer: softwareCaSigner(leaf.key),
          revoked: [{ serialHex, revokedAt: new Date("2026-01-01T00:00:00Z") }],
        }),
      );
      openssl.write("crl.pem", crl.pem);
      const verify = () =>
        openssl.run("verify", "-crl_check", "-CRLfile", "crl.pem", "-CAfile", "ca.pem", "ca.pem");
      if (isRevoked) expect(verify).toThrow(/certificate revoked/);
      else expect(verify()).toMatch(/OK/);
    }
  });

  it("leaves the list out where nothing is revoked", async () => {
    openssl.write("crl.pem", (await buildCrl(options())).pem);
    expect(openssl.run("crl", "-in", "crl.pem", "-noout", "-text")).toMatch(/No Revoked Certificates/);
  });

  it("refuses a signature that the CA certificate does not verify, and a CA that may not sign CRLs", async () => {
    const other = newSelfSignedCa({ commonName: "CRL CA", ...years });
    await expect(buildCrl(options({ signer: softwareCaSigner(other.key) }))).rejects.toMatchObject({
      code: "BAD_CERTIFICATE",
    });
    const withoutCrlSign = parseCertificate(
      writeCertificate({
        extensions: [
          encodeExtension(oids.keyUsage, true, encodeKeyUsage(["cert sign"])),
          encodeExtension(
            oids.basicConstraints,
            true,
            encodeBasicConstraints({ isCA: true, pathLength: undefined }),
          ),
        ],
      }),
    );
    const asked = options({ caCertificate: withoutCrlSign, signer: softwareCaSigner(fixtureKey) });
    await expect(buildCrl(asked)).rejects.toMatchObject({ code: "ISSUER", message: /may not sign CRLs/ });
  });

  it.each([
    ["a serial number that is none", { serialHex: "0x12" }],
    ["zero", { serialHex: "00" }],
    ["21 octets", { serialHex: "01".repeat(21) }],
  ])("refuses %s", async (_, entry) => {
    const revoked = [{ ...entry, revokedAt: new Date() }];
    await expect(buildCrl(options({ revoked }))).rejects.toThrow(TypeError);
  });

  it("refuses one serial number twice, in whatever spelling", async () => {
    const revoked = ["0a", "00A"].map((serialHex) => ({ serialHex, revokedAt: new Date() }));
    await expect(buildCrl(options({ revoked }))).rejects.toThrow(/each once, got `00A`/);
  });
});
