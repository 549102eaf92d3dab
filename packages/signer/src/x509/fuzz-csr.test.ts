import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BadCertificateError, InvalidCsrError } from "../errors.ts";
import { buildCsr } from "./build-csr.ts";
import { newPrivateKey, newSelfSignedCa } from "./ca-certificate.ts";
import { parseCertificate } from "./certificate.ts";
import { parseCsr } from "./certification-request.ts";
import { cpuMilliseconds } from "./cpu-time-fixture.ts";
import { encodePem } from "./pem.ts";
import type { KeyAlgorithm } from "./public-key.ts";

const algorithms: readonly KeyAlgorithm[] = [
  { name: "RSA", modulusLength: 2048 },
  { name: "EC", curve: "P-256" },
  { name: "EC", curve: "P-384" },
  { name: "Ed25519" },
];
const requests = await Promise.all(
  algorithms.map(
    async (algorithm) =>
      parseCsr(
        await buildCsr({
          key: newPrivateKey(algorithm),
          commonName: "host",
          subject: [{ type: "O", value: "Ünïcode" }],
          dnsNames: ["a.example.com"],
          ipAddresses: ["::1"],
          uris: ["spiffe://td/x"],
          emails: ["a@b.c"],
          usages: ["server auth", "digital signature"],
          isCA: false,
        }),
      ).der,
  ),
);
const certificates = algorithms.map(
  (keyAlgorithm) =>
    newSelfSignedCa({ commonName: "x", keyAlgorithm, notBefore: new Date(0), notAfter: new Date(2e12) })
      .certificate.der,
);

/** Bytes of one of the originals, with some replaced, removed, inserted or repeated. */
function mutated(originals: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const edit = fc.record({
    at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    remove: fc.nat(3),
    insert: fc.uint8Array({ maxLength: 3 }),
  });
  return fc
    .tuple(fc.constantFrom(...originals), fc.array(edit, { minLength: 1, maxLength: 4 }))
    .map(([original, edits]) =>
      edits.reduce<Uint8Array>((bytes, { at, remove, insert }) => {
        const index = Math.floor(at * bytes.length);
        return Buffer.concat([bytes.subarray(0, index), insert, bytes.subarray(index + remove)]);
      }, original),
    );
}

function refusesOnlyWith(errorClass: new (message: string) => Error, read: () => unknown): void {
  const attempt = (): void => {
    try {
      read();
    } catch (error) {
      expect(error).toBeInstanceOf(errorClass);
      expect((error as Error).message).toMatch(/^[\x20-\x7e]{1,1024}$/);
    }
  };
  expect(cpuMilliseconds(attempt)).toBeLessThan(200);
}

describe("mutated bytes", () => {
  it("of a request are refused with an InvalidCsrError alone: no other error, no abort, no hang", () => {
    fc.assert(
      fc.property(mutated(requests), (bytes) => {
        refusesOnlyWith(InvalidCsrError, () => parseCsr(bytes));
        refusesOnlyWith(InvalidCsrError, () => parseCsr(encodePem("CERTIFICATE REQUEST", bytes)));
      }),
      { numRuns: 4000 },
    );
  });

  it("of a certificate are refused with a BadCertificateError alone, also when its key is used", () => {
    fc.assert(
      fc.property(mutated(certificates), (bytes) => {
        refusesOnlyWith(BadCertificateError, () => {
          const certificate = parseCertificate(bytes);
          return [certificate.publicKey.asymmetricKeyDetails, certificate.isSelfSigned];
        });
      }),
      { numRuns: 4000 },
    );
  });

  it("never yield a second request that verifies", () => {
    fc.assert(
      fc.property(mutated(requests), (bytes) => {
        let taken: Uint8Array | undefined;
        try {
          taken = parseCsr(bytes).der;
        } catch {
          return;
        }
        expect(requests.some((request) => Buffer.compare(request, taken) === 0)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it("that are not PEM at all are refused as text", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        refusesOnlyWith(InvalidCsrError, () => parseCsr(text));
        refusesOnlyWith(BadCertificateError, () => parseCertificate(text));
      }),
    );
  });
});

describe("the text of a request", () => {
  const pem = encodePem("CERTIFICATE REQUEST", requests[1] ?? new Uint8Array());
  it.each([
    ["two blocks", pem + pem, /more than one PEM block/],
    ["no block", "\n", /no PEM block/],
    ["a certificate", pem.replaceAll("CERTIFICATE REQUEST", "CERTIFICATE"), /is a CERTIFICATE/],
    ["a private key", pem.replaceAll("CERTIFICATE REQUEST", "PRIVATE KEY"), /is a PRIVATE KEY/],
    ["garbage behind it", `${pem}x`, /text outside/],
    ["36,501 bytes", pem.padEnd(36_501), /at most 36500/],
  ])("with %s is refused", (_name, text, message) => {
    expect(() => parseCsr(text)).toThrow(InvalidCsrError);
    expect(() => parseCsr(text)).toThrow(message);
  });
});
