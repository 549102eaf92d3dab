import { createHash, createPublicKey, generateKeyPairSync } from "node:crypto";
import { spkiOf } from "./ca-signer.ts";
import { tags } from "./der-reader.ts";
import {
  der,
  derBitString,
  derNull,
  derOctetString,
  derOid,
  derSequence,
  derSmallInteger,
  derUnsigned,
} from "./der-writer.ts";
import { ec, ecKey, type HostileCase, rsa, rsaKey, withLastOctet } from "./hostile-csr-fixture.ts";
import { oids } from "./oid.ts";
import { attributesField, nameOf, writeRequest } from "./request-fixture.ts";
import { encodeSignatureAlgorithm } from "./signature-algorithm.ts";

const { n = "", e = "" } = createPublicKey(rsaKey).export({ format: "jwk" });
const [modulus, exponent] = [Buffer.from(n, "base64url"), Buffer.from(e, "base64url")];
const point = createPublicKey(ecKey).export({ format: "jwk" });
const [x, y] = [Buffer.from(point.x ?? "", "base64url"), Buffer.from(point.y ?? "", "base64url")];
const parity = (y.at(-1) ?? 0) & 1;

function rsaSpki(
  modulus: Uint8Array,
  exponent: Uint8Array,
  parameters: readonly Uint8Array[] = [derNull],
): Uint8Array {
  return derSequence(
    derSequence(derOid(oids.rsaEncryption), ...parameters),
    derBitString(derSequence(modulus, exponent)),
  );
}

/** An EC SubjectPublicKeyInfo of any point. */
export function ecSpki(point: Uint8Array, curve: Uint8Array = derOid(oids.p256)): Uint8Array {
  return derSequence(derSequence(derOid(oids.ecPublicKey), curve), derBitString(point));
}

function explicitParameters(): Uint8Array {
  const field = derSequence(derOid("1.2.840.10045.1.1"), derUnsigned(modulus.subarray(0, 32)));
  return ec({
    spki: ecSpki(Buffer.concat([Uint8Array.of(4), x, y]), derSequence(derSmallInteger(1), field)),
  });
}

/** An odd multiple of an odd factor, close to the honest modulus. */
function multipleOf(factor: bigint): Uint8Array {
  const near = BigInt(`0x${modulus.toString("hex")}`);
  const multiple = near - (near % factor);
  return Buffer.from((multiple % 2n === 0n ? multiple - factor : multiple).toString(16), "hex");
}

/** With e = 1 the padded digest is its own signature: anybody can make a proof of possession for any modulus. */
export function forgeWithExponentOne(): {
  request: Uint8Array;
  spki: Uint8Array;
  info: Uint8Array;
  signature: Uint8Array;
} {
  const spki = rsaSpki(derUnsigned(modulus), derSmallInteger(1));
  const subject = nameOf("2.5.4.3", tags.printableString, "host.example.com");
  const info = derSequence(derSmallInteger(0), subject, spki, attributesField());
  const digest = createHash("sha256").update(info).digest();
  const digestInfo = derSequence(derSequence(derOid(oids.sha256), derNull), derOctetString(digest));
  const padding = new Uint8Array(modulus.length - 3 - digestInfo.length).fill(0xff);
  const signature = Buffer.concat([Uint8Array.of(0, 1), padding, Uint8Array.of(0), digestInfo]);
  const request = derSequence(info, encodeSignatureAlgorithm("RSA-SHA256"), derBitString(signature));
  return { request, spki, info, signature };
}

/** Requests with keys that are weak, unsound, malformed or not supported. */
export const hostileKeys: readonly HostileCase[] = [
  [
    "RSA of 512 bits",
    () => ec({ spki: rsaSpki(derUnsigned(modulus.subarray(0, 64)), derUnsigned(exponent)) }),
    /512 bits/,
  ],
  [
    "RSA of 1024 bits",
    () =>
      writeRequest({
        key: generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey,
        algorithm: "RSA-SHA256",
      }),
    /1024 bits/,
  ],
  [
    "RSA of 16,384 bits",
    () => rsa({ spki: rsaSpki(derUnsigned(new Uint8Array(2048).fill(0xff)), derUnsigned(exponent)) }),
    /16384 bits/,
  ],
  ["RSA with e = 1, forged", () => forgeWithExponentOne().request, /exponent/],
  [
    "RSA with an even exponent",
    () => rsa({ spki: rsaSpki(derUnsigned(modulus), derSmallInteger(65536)) }),
    /exponent/,
  ],
  ["RSA with e = 0", () => rsa({ spki: rsaSpki(derUnsigned(modulus), derSmallInteger(0)) }), /exponent/],
  [
    "RSA with a negative exponent",
    () => rsa({ spki: rsaSpki(derUnsigned(modulus), Uint8Array.of(2, 1, 0xfd)) }),
    /exponent/,
  ],
  [
    "RSA with an exponent of 40 bits",
    () => rsa({ spki: rsaSpki(derUnsigned(modulus), Uint8Array.of(2, 5, 1, 0, 0, 0, 1)) }),
    /exponent/,
  ],
  [
    "RSA with a negative modulus",
    () => rsa({ spki: rsaSpki(der(tags.integer, modulus), derUnsigned(exponent)) }),
    /modulus is negative/,
  ],
  [
    "RSA with a zero modulus",
    () => rsa({ spki: rsaSpki(derSmallInteger(0), derUnsigned(exponent)) }),
    /0 bits/,
  ],
  [
    "RSA with an even modulus",
    () => rsa({ spki: rsaSpki(derUnsigned(withLastOctet(modulus, 0xfe)), derUnsigned(exponent)) }),
    /small factor/,
  ],
  [
    "RSA with a modulus divisible by 751",
    () => rsa({ spki: rsaSpki(derUnsigned(multipleOf(751n)), derUnsigned(exponent)) }),
    /small factor/,
  ],
  ["RSA without NULL", () => rsa({ spki: rsaSpki(derUnsigned(modulus), derUnsigned(exponent), []) }), /NULL/],
  [
    "RSA with a trailing INTEGER",
    () =>
      rsa({
        spki: derSequence(
          derSequence(derOid(oids.rsaEncryption), derNull),
          derBitString(derSequence(derUnsigned(modulus), derUnsigned(exponent), derNull)),
        ),
      }),
    /malformed/,
  ],
  ["an EC point at infinity", () => ec({ spki: ecSpki(Uint8Array.of(0)) }), /point at infinity/],
  ["a padded EC point at infinity", () => ec({ spki: ecSpki(new Uint8Array(65)) }), /point at infinity/],
  [
    "an EC point of all zeros",
    () => ec({ spki: ecSpki(Buffer.concat([Uint8Array.of(4), new Uint8Array(64)])) }),
    /not a valid EC key/,
  ],
  [
    "a compressed EC point",
    () => ec({ spki: ecSpki(Buffer.concat([Uint8Array.of(2 + parity), x])) }),
    /uncompressed/,
  ],
  [
    "a hybrid EC point",
    () => ec({ spki: ecSpki(Buffer.concat([Uint8Array.of(6 + parity), x, y])) }),
    /uncompressed/,
  ],
  [
    "an EC point off the curve",
    () => ec({ spki: ecSpki(Buffer.concat([Uint8Array.of(4), x, x])) }),
    /not a valid EC key/,
  ],
  [
    "an EC key on another curve than its point",
    () => ec({ spki: ecSpki(Buffer.concat([Uint8Array.of(4), x, y]), derOid(oids.p384)) }),
    /uncompressed/,
  ],
  ["explicit EC parameters", () => explicitParameters(), /does not name its curve/],
  [
    "secp256k1",
    () =>
      writeRequest({
        key: generateKeyPairSync("ec", { namedCurve: "secp256k1" }).privateKey,
        algorithm: "ECDSA-SHA256",
      }),
    /unsupported curve/,
  ],
  [
    "P-224",
    () =>
      writeRequest({
        key: generateKeyPairSync("ec", { namedCurve: "secp224r1" }).privateKey,
        algorithm: "ECDSA-SHA256",
      }),
    /unsupported curve/,
  ],
  ["Ed448", () => ec({ spki: spkiOf(generateKeyPairSync("ed448").privateKey) }), /unsupported algorithm/],
  ["X25519", () => ec({ spki: spkiOf(generateKeyPairSync("x25519").privateKey) }), /unsupported algorithm/],
  [
    "an Ed25519 key of 31 bytes",
    () => ec({ spki: derSequence(derSequence(derOid(oids.ed25519)), derBitString(new Uint8Array(31))) }),
    /31 bytes/,
  ],
  [
    "an Ed25519 key with NULL",
    () =>
      ec({ spki: derSequence(derSequence(derOid(oids.ed25519), derNull), derBitString(new Uint8Array(32))) }),
    /parameters/,
  ],
  [
    "unused bits in the public key",
    () =>
      ec({
        spki: derSequence(
          derSequence(derOid(oids.ed25519)),
          der(tags.bitString, Uint8Array.of(1), new Uint8Array(32)),
        ),
      }),
    /unused bits/,
  ],
];
