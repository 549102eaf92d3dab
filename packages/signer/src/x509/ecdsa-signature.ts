import { derSequence, derUnsigned } from "./der-writer.ts";

/**
 * Turns an ECDSA signature of fixed width, r‖s, as PKCS#11 and WebCrypto make it, into the DER of X.509 (RFC 3279 §2.2.3).
 * Throws a TypeError for an odd or empty length.
 */
export function ecdsaSignatureToDer(raw: Uint8Array): Uint8Array {
  if (raw.length === 0 || raw.length % 2 !== 0)
    throw new TypeError(`ECDSA signature: expected r and s of equal length, got ${raw.length} bytes`);
  const half = raw.length / 2;
  return derSequence(derUnsigned(raw.subarray(0, half)), derUnsigned(raw.subarray(half)));
}
