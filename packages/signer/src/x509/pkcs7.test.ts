import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { BadCertificateError } from "../errors.ts";
import { newSelfSignedCa } from "./ca-certificate.ts";
import { OpensslFixture } from "./openssl-fixture.ts";
import { decodePem, pemLimits } from "./pem.ts";
import { parsePkcs7Certificates } from "./pkcs7.ts";

const openssl = new OpensslFixture();
afterAll(() => openssl[Symbol.dispose]());
const years = { notBefore: new Date("2020-01-01"), notAfter: new Date("2060-01-01") };
const certificates = ["A", "B"].map((commonName) => newSelfSignedCa({ commonName, ...years }).certificate);
openssl.write("certs.pem", certificates.map(({ pem }) => pem).join(""));
openssl.run("crl2pkcs7", "-nocrl", "-certfile", "certs.pem", "-out", "p7.pem");
const pem = openssl.read("p7.pem");
const der = decodePem(pem, { limit: pemLimits.bundle })[0]?.der ?? new Uint8Array();

describe("parsePkcs7Certificates", () => {
  it("reads what openssl bundles, from PEM and DER", async () => {
    for (const input of [pem, Buffer.from(pem), der]) {
      const read = await parsePkcs7Certificates(input);
      expect(read.map((certificate) => certificate.pem).sort()).toEqual(
        certificates.map(({ pem }) => pem).sort(),
      );
    }
  });

  it("opens a BER envelope of indefinite length", async () => {
    const inside = Buffer.from(der.subarray(4));
    const indefinite = Buffer.concat([Uint8Array.of(0x30, 0x80), inside, Uint8Array.of(0, 0)]);
    expect(await parsePkcs7Certificates(indefinite)).toHaveLength(2);
  });

  it.each([
    ["nothing", ""],
    ["a certificate", certificates[0]?.pem ?? ""],
    ["an empty bundle", emptyBundle()],
    ["trailing bytes", Buffer.concat([der, Uint8Array.of(0)])],
    ["more than 330,000 bytes", Buffer.concat([der, Buffer.alloc(330_000)])],
    ["deep nesting", Buffer.concat(Array.from({ length: 5000 }, () => Uint8Array.of(0x30, 0x80)))],
  ])("refuses %s", async (_name, input) => {
    await expect(parsePkcs7Certificates(input)).rejects.toThrow(BadCertificateError);
  });

  it("refuses mutated bytes with nothing but a BadCertificateError", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(der.length - 1), fc.nat(255), fc.nat(3), async (at, octet, cut) => {
        const bytes = Buffer.concat([der.subarray(0, at), Uint8Array.of(octet), der.subarray(at + cut)]);
        try {
          await parsePkcs7Certificates(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(BadCertificateError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

function emptyBundle(): string {
  openssl.run("crl2pkcs7", "-nocrl", "-out", "empty.pem", "-certfile", openssl.write("none.pem", ""));
  return openssl.read("empty.pem");
}
