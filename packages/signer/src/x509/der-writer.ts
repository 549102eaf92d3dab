import { tags } from "./der-reader.ts";
import { encodeOid } from "./oid.ts";

/**
 * Writes DER bottom-up. Certificates are built with this instead of pkijs because pkijs 4 leaves out the NULL parameters
 * of RSA AlgorithmIdentifiers (RFC 4055 §5), re-encodes what must be copied byte for byte, and is some 15 times slower.
 */
export function der(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const content of contents) length += content.length;
  const lengthOctets = length < 0x80 ? 0 : length < 0x100 ? 1 : length < 0x1_0000 ? 2 : 3;
  const out = Buffer.allocUnsafe(2 + lengthOctets + length);
  out[0] = tag;
  out[1] = lengthOctets === 0 ? length : 0x80 | lengthOctets;
  if (lengthOctets > 0) out.writeUIntBE(length, 2, lengthOctets);
  let position = 2 + lengthOctets;
  for (const content of contents) {
    out.set(content, position);
    position += content.length;
  }
  return out;
}

/** A SEQUENCE of the encodings. */
export function derSequence(...contents: readonly Uint8Array[]): Uint8Array {
  return der(tags.sequence, ...contents);
}

/** An OBJECT IDENTIFIER from its dotted form. */
export function derOid(dotted: string): Uint8Array {
  return der(tags.oid, encodeOid(dotted));
}

/** A non-negative INTEGER from its magnitude, most significant octet first. */
export function derUnsigned(magnitude: Uint8Array): Uint8Array {
  let start = 0;
  while (start < magnitude.length - 1 && magnitude[start] === 0) start += 1;
  const minimal = magnitude.subarray(start);
  const sign = ((minimal[0] ?? 0) & 0x80) === 0 ? [] : [Uint8Array.of(0)];
  return der(tags.integer, ...sign, minimal.length === 0 ? Uint8Array.of(0) : minimal);
}

/** A non-negative INTEGER below 2^31. */
export function derSmallInteger(value: number): Uint8Array {
  return derUnsigned(Uint8Array.of(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff));
}

/** A BIT STRING of whole octets. */
export function derBitString(octets: Uint8Array): Uint8Array {
  return der(tags.bitString, Uint8Array.of(0), octets);
}

/** An OCTET STRING. */
export function derOctetString(octets: Uint8Array): Uint8Array {
  return der(tags.octetString, octets);
}

/** A NULL. */
export const derNull: Uint8Array = Uint8Array.of(tags.null, 0);

/** The BOOLEAN TRUE; FALSE is never written, as it is everywhere the DEFAULT. */
export const derTrue: Uint8Array = Uint8Array.of(tags.boolean, 1, 0xff);

/** A Time of RFC 5280 §4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050; whole seconds, in `Z`. */
export function derTime(date: Date): Uint8Array {
  const digits = date.toISOString().replace(/[-:T]|\..*$/g, "");
  const utc = date.getUTCFullYear() < 2050 && date.getUTCFullYear() >= 1950;
  return der(
    utc ? tags.utcTime : tags.generalizedTime,
    Buffer.from(`${utc ? digits.slice(2) : digits}Z`, "latin1"),
  );
}
