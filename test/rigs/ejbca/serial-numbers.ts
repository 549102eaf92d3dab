import { randomBytes } from "node:crypto";

/** Twenty octets, positive: as EJBCA makes them. One in sixteen has a leading zero digit, which answers leave out. */
export function serialBytes(random: (size: number) => Uint8Array = randomBytes): Uint8Array {
  const bytes = Uint8Array.from(random(20));
  bytes[0] = (bytes[0] ?? 0) & 0x7f;
  bytes[19] = (bytes[19] ?? 0) | 1;
  return bytes;
}

/** Upper-case hexadecimal without leading zeros, so sometimes of an odd number of digits. */
export function serialHex(bytes: Uint8Array): string {
  return normalSerial(Buffer.from(bytes).toString("hex"));
}

/** The same number in the spelling of answers. */
export function normalSerial(hex: string): string {
  return hex.replace(/^0+(?=.)/, "").toUpperCase();
}
