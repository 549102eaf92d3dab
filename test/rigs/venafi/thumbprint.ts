import { createHash } from "node:crypto";

/** SHA-1 of a certificate, upper case: the thumbprint by which both products name one. */
export function thumbprintOf(der: Uint8Array): string {
  return createHash("sha1").update(der).digest("hex").toUpperCase();
}
