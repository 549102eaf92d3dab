import { createPublicKey, type KeyObject } from "node:crypto";
import { asBuffer, toHex } from "./bytes.ts";
import {
  type DerElement,
  expectTag,
  readDer,
  readOctetAlignedBits,
  readOid,
  readSequence,
  tags,
} from "./der-reader.ts";
import { oids } from "./oid.ts";
import { Refusal } from "./refusal.ts";
import { modulusWeakness } from "./rsa-modulus.ts";

/** Named curves that requests and CAs may use, in Go's and cert-manager's spelling. */
export type CurveName = "P-256" | "P-384" | "P-521";

/**
 * What kind of key it is. `RSA-PSS` is a key under id-RSASSA-PSS, which can make PSS signatures only; a key under
 * rsaEncryption is `RSA`, whatever padding it signs with. `modulusLength` is in bits.
 */
export type KeyAlgorithm =
  | { readonly name: "RSA" | "RSA-PSS"; readonly modulusLength: number }
  | { readonly name: "EC"; readonly curve: CurveName }
  | { readonly name: "Ed25519" };

/** A SubjectPublicKeyInfo that has been checked byte by byte. */
export interface SubjectPublicKey {
  readonly der: Uint8Array;
  readonly algorithm: KeyAlgorithm;
  /** The contents of the BIT STRING: what a subject key identifier hashes (RFC 5280 §4.2.1.2, method 1). */
  readonly keyBits: Uint8Array;
}

const what = "the public key";
const supported = "use RSA of 2048 to 8192 bits, ECDSA on P-256, P-384 or P-521, or Ed25519";
const curves: Readonly<Record<string, { readonly name: CurveName; readonly coordinateLength: number }>> =
  Object.freeze({
    [oids.p256]: { name: "P-256", coordinateLength: 32 },
    [oids.p384]: { name: "P-384", coordinateLength: 48 },
    [oids.p521]: { name: "P-521", coordinateLength: 66 },
  });

/**
 * Checks a SubjectPublicKeyInfo before node:crypto sees it: Node (20 to 24) aborts the process, uncatchably, on an EC key
 * at the point at infinity, and OpenSSL accepts forgeable RSA exponents, explicit curve parameters and hybrid points.
 */
export function readSubjectPublicKey(
  element: DerElement | undefined,
  minModulusLength: number,
): SubjectPublicKey {
  const [identifier, bits, ...rest] = readSequence(element, what);
  if (element === undefined || rest.length > 0) throw new Refusal(`${what} is malformed`);
  const [oidElement, parameters, ...extra] = readSequence(identifier, `the algorithm of ${what}`);
  if (extra.length > 0) throw new Refusal(`the algorithm of ${what} is malformed`);
  const oid = readOid(oidElement, `the algorithm of ${what}`);
  const keyBits = readOctetAlignedBits(bits, what);
  return { der: element.der, keyBits, algorithm: readAlgorithm(oid, parameters, keyBits, minModulusLength) };
}

/** The KeyObject of a checked SubjectPublicKeyInfo. Throws a {@link Refusal} where OpenSSL finds the key invalid. */
export function toPublicKey(spki: SubjectPublicKey): KeyObject {
  try {
    return createPublicKey({ key: asBuffer(spki.der), format: "der", type: "spki" });
  } catch {
    throw new Refusal(`${what} is not a valid ${spki.algorithm.name} key`, "make a new key");
  }
}

function readAlgorithm(
  oid: string,
  parameters: DerElement | undefined,
  keyBits: Uint8Array,
  minModulusLength: number,
): KeyAlgorithm {
  switch (oid) {
    case oids.rsaEncryption:
      // RFC 3279 §2.3.1: the parameters field MUST be NULL.
      if (parameters?.tag !== tags.null) throw new Refusal(`${what} lacks the NULL parameters of an RSA key`);
      return { name: "RSA", modulusLength: readModulusLength(keyBits, minModulusLength) };
    case oids.rsaPss:
      if (parameters !== undefined) expectTag(parameters, tags.sequence, `the RSA-PSS parameters of ${what}`);
      return { name: "RSA-PSS", modulusLength: readModulusLength(keyBits, minModulusLength) };
    case oids.ecPublicKey:
      return { name: "EC", curve: readCurve(parameters, keyBits) };
    case oids.ed25519:
      if (parameters !== undefined)
        throw new Refusal(`${what} has parameters, which Ed25519 keys do not have`);
      if (keyBits.length !== 32)
        throw new Refusal(`${what} has ${keyBits.length} bytes, not the 32 of Ed25519`);
      return { name: "Ed25519" };
    default:
      throw new Refusal(`${what} has the unsupported algorithm ${oid}`, supported);
  }
}

function readCurve(parameters: DerElement | undefined, keyBits: Uint8Array): CurveName {
  if (parameters?.tag !== tags.oid) throw new Refusal(`${what} does not name its curve`, supported);
  const curve = curves[readOid(parameters, "the curve")];
  if (curve === undefined) throw new Refusal(`${what} is on an unsupported curve`, supported);
  if (keyBits[0] === 0) throw new Refusal(`${what} is the point at infinity`, "make a new key");
  if (keyBits[0] !== 4 || keyBits.length !== 1 + 2 * curve.coordinateLength)
    throw new Refusal(
      `${what} is not an uncompressed point on ${curve.name}`,
      "encode the point uncompressed",
    );
  return curve.name;
}

function readModulusLength(keyBits: Uint8Array, minimum: number): number {
  const [modulusElement, exponentElement, ...rest] = readSequence(
    readDer(keyBits, "the RSA key"),
    "the RSA key",
  );
  const modulus = expectTag(modulusElement, tags.integer, "the RSA modulus").content;
  const exponent = expectTag(exponentElement, tags.integer, "the RSA exponent").content;
  if (rest.length > 0) throw new Refusal("the RSA key is malformed");
  if (((modulus[0] ?? 0) & 0x80) !== 0) throw new Refusal("the RSA modulus is negative");
  const magnitude = modulus[0] === 0 ? modulus.subarray(1) : modulus;
  const length = magnitude.length * 8 - Math.clz32(magnitude[0] ?? 0) + 24;
  if (magnitude.length === 0 || length < minimum || length > 8192)
    throw new Refusal(`the RSA key has ${magnitude.length === 0 ? 0 : length} bits`, supported);
  // Go's bound; e = 1 makes every message its own signature.
  const e = exponent.length <= 4 && ((exponent[0] ?? 0) & 0x80) === 0 ? Number(`0x${toHex(exponent)}`) : 0;
  if (e < 3 || e % 2 === 0)
    throw new Refusal("the RSA exponent is not odd and between 3 and 2^31", "use 65537");
  const weakness = modulusWeakness(magnitude);
  if (weakness !== undefined) throw new Refusal(`the RSA modulus ${weakness}`, "make a new key");
  return length;
}
