import { newPrivateKey } from "./ca-certificate.ts";
import { spkiOf } from "./ca-signer.ts";
import { tags } from "./der-reader.ts";
import { der, derBitString, derNull, derOid, derSequence, derSmallInteger } from "./der-writer.ts";
import { ec, type HostileCase, rsa, withLastOctet } from "./hostile-csr-fixture.ts";
import { oids } from "./oid.ts";
import { encodeSignatureAlgorithm } from "./signature-algorithm.ts";

/** The contents of r and s of an ECDSA signature. */
function integers(signature: Uint8Array): [r: Uint8Array, s: Uint8Array] {
  const rEnd = 4 + (signature[3] ?? 0);
  return [signature.subarray(4, rEnd), signature.subarray(rEnd + 2)];
}

function ecdsaBits(...encodings: readonly Uint8Array[]): Uint8Array {
  return derBitString(derSequence(...encodings));
}

function paddedR(signature: Uint8Array): Uint8Array {
  const [r, s] = integers(signature);
  return ecdsaBits(der(tags.integer, Uint8Array.of(0, 0), r), der(tags.integer, s));
}

function thirdInteger(signature: Uint8Array): Uint8Array {
  const [r, s] = integers(signature);
  return ecdsaBits(der(tags.integer, r), der(tags.integer, s), derSmallInteger(1));
}

/** Requests whose proof of possession does not hold, or by an algorithm that is not accepted. */
export const hostileSignatures: readonly HostileCase[] = [
  [
    "SHA-1",
    () => rsa({ algorithmIdentifier: derSequence(derOid(oids.sha1WithRsa), derNull) }),
    /weak or unsupported/,
  ],
  [
    "MD5",
    () => rsa({ algorithmIdentifier: derSequence(derOid(oids.md5WithRsa), derNull) }),
    /weak or unsupported/,
  ],
  [
    "ECDSA with SHA-1",
    () => ec({ algorithmIdentifier: derSequence(derOid(oids.ecdsaWithSha1)) }),
    /weak or unsupported/,
  ],
  [
    "an RSA signature algorithm with an EC key",
    () => ec({ algorithmIdentifier: encodeSignatureAlgorithm("RSA-SHA256") }),
    /does not fit/,
  ],
  [
    "an ECDSA signature algorithm with an RSA key",
    () => rsa({ algorithmIdentifier: encodeSignatureAlgorithm("ECDSA-SHA256") }),
    /does not fit/,
  ],
  [
    "ECDSA with NULL parameters",
    () => ec({ algorithmIdentifier: derSequence(derOid(oids.ecdsaWithSha256), derNull) }),
    /parameters/,
  ],
  [
    "RSA-PSS without parameters",
    () => rsa({ algorithm: "RSA-PSS-SHA256", algorithmIdentifier: derSequence(derOid(oids.rsaPss)) }),
    /RSA-PSS parameters/,
  ],
  [
    "RSA-PSS with default SHA-1",
    () =>
      rsa({
        algorithm: "RSA-PSS-SHA256",
        algorithmIdentifier: derSequence(derOid(oids.rsaPss), derSequence()),
      }),
    /weak or unsupported hash|malformed/,
  ],
  [
    "a PKCS#1 signature under the PSS identifier",
    () => rsa({ algorithmIdentifier: encodeSignatureAlgorithm("RSA-PSS-SHA256") }),
    /does not verify/,
  ],
  [
    "a signature by another key",
    () => ec({ spki: spkiOf(newPrivateKey({ name: "EC", curve: "P-256" })) }),
    /does not verify/,
  ],
  [
    "a signature with a flipped bit",
    () => ec({ signatureBits: (s) => derBitString(withLastOctet(s, (s.at(-1) ?? 0) ^ 1)) }),
    /does not verify/,
  ],
  [
    "an ECDSA signature with trailing bytes",
    () => ec({ signatureBits: (s) => derBitString(Buffer.concat([s, Uint8Array.of(0)])) }),
    /does not verify/,
  ],
  ["an ECDSA signature with a padded r", () => ec({ signatureBits: paddedR }), /does not verify/],
  ["an ECDSA signature with a third INTEGER", () => ec({ signatureBits: thirdInteger }), /does not verify/],
  [
    "an ECDSA signature of zeros",
    () => ec({ signatureBits: () => derBitString(derSequence(derSmallInteger(0), derSmallInteger(0))) }),
    /does not verify/,
  ],
  [
    "an empty signature",
    () => ec({ signatureBits: () => derBitString(new Uint8Array()) }),
    /does not verify/,
  ],
  [
    "a signature with unused bits",
    () => ec({ signatureBits: (s) => der(tags.bitString, Uint8Array.of(1), s, Uint8Array.of(0)) }),
    /unused bits/,
  ],
];
