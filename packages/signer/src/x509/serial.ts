import { createHash, randomBytes } from "node:crypto";

/**
 * A serial number derived from a seed, such as the uid of a request with its CSR: the same seed gives the same serial, so
 * that repeating an interrupted issuance makes the same certificate and not a second one. 19 octets, positive, never zero;
 * 150 of its bits are those of SHA-256 (RFC 5280 §4.1.2.2 allows 20 octets and wants them unique per CA).
 */
export function deterministicSerial(seed: string): Uint8Array {
  const serial = createHash("sha256").update(seed, "utf8").digest().subarray(0, 19);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return serial;
}

/** A serial number of 150 random bits, for who wants no serial to follow from its request; a repeat is another certificate. */
export function randomSerial(): Uint8Array {
  const serial = randomBytes(19);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return serial;
}
