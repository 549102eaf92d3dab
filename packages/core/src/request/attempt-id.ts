import { createHash } from "node:crypto";

const base32 = "abcdefghijklmnopqrstuvwxyz234567";

/** Short enough for every PKI's idempotency key and for a DNS label: 36 characters of base32 hold 180 bits. */
const idLength = 36;

/** The attempt id of a request: the same for the same uid and CSR on every replica and after every restart. */
export function attemptId(uid: string, csrDer: Uint8Array): string {
  const digest = createHash("sha256").update(uid).update("\0").update(csrDer).digest();
  let id = "";
  let bits = 0;
  let value = 0;
  for (const byte of digest) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5 && id.length < idLength) {
      id += base32[(value >>> (bits - 5)) & 31];
      bits -= 5;
    }
    value &= (1 << bits) - 1;
  }
  return id;
}
