import { IssuerError } from "@countersign/issuer-signer";
import { encryptionType, type KerberosKey } from "./encryption-type.ts";

/** One key of a keytab that this client can use. */
export interface KeytabEntry {
  readonly realm: string;
  /** Parts of the principal, joined by `/`. */
  readonly principal: string;
  readonly kvno: number;
  readonly key: KerberosKey;
}

/** Real ones have a few hundred bytes. */
const maxBytes = 1024 * 1024;

/**
 * Reads a keytab of version 0x502, as ktutil, ktpass and adcli write it. Keys of other encryption types, such as RC4, are
 * passed over. Throws an `IssuerError` where it is malformed.
 */
export function readKeytab(bytes: Uint8Array): readonly KeytabEntry[] {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length > maxBytes) throw unusable(`it has more than ${maxBytes} bytes`);
  if (view.length < 2 || view.readUInt16BE(0) !== 0x502) throw unusable("it is no keytab of version 0x502");
  const entries: KeytabEntry[] = [];
  for (let at = 2; at < view.length; ) {
    if (at + 4 > view.length) throw unusable("it is cut short");
    const size = view.readInt32BE(at);
    at += 4;
    // A hole is what a removed entry leaves; zero ends the file.
    if (size === 0) break;
    const end = at + Math.abs(size);
    if (end > view.length) throw unusable("an entry goes beyond its end");
    const entry = size > 0 ? readEntry(view.subarray(at, end)) : undefined;
    if (entry !== undefined) entries.push(entry);
    at = end;
  }
  if (entries.length === 0) throw unusable("it has no AES key");
  return entries;
}

function readEntry(record: Buffer): KeytabEntry | undefined {
  let at = 0;
  const take = (length: number): number => {
    const from = at;
    at += length;
    if (at > record.length) throw unusable("an entry is cut short");
    return from;
  };
  const uint16 = () => record.readUInt16BE(take(2));
  const octets = (length: number) => record.subarray(take(length), at);
  const count = uint16();
  if (count > 16) throw unusable("an entry has too many parts");
  const realm = octets(uint16()).toString("utf8");
  const parts = Array.from({ length: count }, () => octets(uint16()).toString("utf8"));
  // Type of the name, and when it was written.
  take(8);
  const version = record.readUInt8(take(1));
  const etype = encryptionType(uint16());
  const value = octets(uint16());
  // Versions above 255 stand behind the key.
  const long = record.length - at >= 4 ? record.readUInt32BE(at) : 0;
  if (etype === undefined || value.length !== etype.keyBytes) return undefined;
  return {
    realm,
    principal: parts.join("/"),
    kvno: long || version,
    key: { etype, value: Buffer.from(value) },
  };
}

function unusable(problem: string): IssuerError {
  return new IssuerError(
    `the keytab cannot be used: ${problem}; store the binary file that ktutil, ktpass or adcli writes, with AES keys`,
  );
}
