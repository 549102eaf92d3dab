import {
  contextTag,
  type DerElement,
  der,
  derOctetString,
  derSequence,
  expectTag,
  Refusal,
  readSequence,
  tags,
} from "@countersign/issuer-signer/der";

const generalString = 0x1b;
const applicationClass = 0x60;

/** `[APPLICATION number]` around one value. */
export function application(number: number, content: Uint8Array): Uint8Array {
  return der(applicationClass | number, content);
}

/** The value inside `[APPLICATION number]`; a {@link Refusal} for anything else. */
export function readApplication(element: DerElement | undefined, number: number, what: string): DerElement {
  const [inner, ...rest] = expectTag(element, applicationClass | number, what).children();
  if (inner === undefined || rest.length > 0) throw new Refusal(`${what} is malformed`);
  return inner;
}

/** Number of the `[APPLICATION n]` that the element is; undefined for another one. */
export function applicationNumber({ tag }: DerElement): number | undefined {
  return (tag & 0xe0) === applicationClass ? tag & 0x1f : undefined;
}

/** A SEQUENCE whose fields have explicit tags, in order; those that are undefined are left out. */
export function fieldSequence(fields: Readonly<Record<number, Uint8Array | undefined>>): Uint8Array {
  const present = Object.entries(fields).flatMap(([number, value]) =>
    value === undefined ? [] : [der(contextTag(Number(number), true), value)],
  );
  return derSequence(...present);
}

/** Fields of such a SEQUENCE by their numbers. Unknown ones are kept: later versions add some (RFC 4120 §1.5.1). */
export function readFields(element: DerElement | undefined, what: string): ReadonlyMap<number, DerElement> {
  const fields = new Map<number, DerElement>();
  for (const field of readSequence(element, what)) {
    const [value, ...rest] = field.children();
    if ((field.tag & 0xe0) !== 0xa0 || value === undefined || rest.length > 0)
      throw new Refusal(`${what} has a malformed field`);
    fields.set(field.tag & 0x1f, value);
  }
  return fields;
}

/** An Int32 that is not negative, or a UInt32 below 2^32. */
export function derInteger(value: number): Uint8Array {
  const bytes = Buffer.alloc(5);
  bytes.writeUInt32BE(value, 1);
  let start = 0;
  while (start < 4 && bytes[start] === 0 && ((bytes[start + 1] ?? 0) & 0x80) === 0) start += 1;
  return der(tags.integer, bytes.subarray(start));
}

/** An Int32 or UInt32. */
export function readInteger(element: DerElement | undefined, what: string): number {
  const { content } = expectTag(element, tags.integer, what);
  if (content.length > 5) throw new Refusal(`${what} is out of range`);
  let value = ((content[0] ?? 0) & 0x80) === 0 ? 0 : -1;
  for (const octet of content) value = value * 256 + octet;
  return value;
}

/** A KerberosString, as Windows writes it: UTF-8 in a GeneralString. */
export function derString(text: string): Uint8Array {
  return der(generalString, Buffer.from(text, "utf8"));
}

/** A KerberosString. */
export function readString(element: DerElement | undefined, what: string): string {
  return Buffer.from(expectTag(element, generalString, what).content).toString("utf8");
}

/** A KerberosTime: whole seconds of UTC. */
export function derKerberosTime(ms: number): Uint8Array {
  const digits = new Date(ms).toISOString().replace(/[-:T]|\..*$/g, "");
  return der(tags.generalizedTime, Buffer.from(`${digits}Z`, "latin1"));
}

/** A KerberosTime, in milliseconds since the epoch. */
export function readKerberosTime(element: DerElement | undefined, what: string): number {
  const text = Buffer.from(expectTag(element, tags.generalizedTime, what).content).toString("latin1");
  const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? [];
  const ms = Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`);
  if (Number.isNaN(ms)) throw new Refusal(`${what} is no time`);
  return ms;
}

/** KerberosFlags of 32 bits, the first of them the highest. */
export function derFlags(bits: number): Uint8Array {
  const content = Buffer.alloc(5);
  content.writeUInt32BE(bits, 1);
  return der(tags.bitString, content);
}

/** The octets of an OCTET STRING. */
export function readOctets(element: DerElement | undefined, what: string): Uint8Array {
  return expectTag(element, tags.octetString, what).content;
}

/** EncryptedData (RFC 4120 §5.2.9). */
export interface EncryptedData {
  readonly etype: number;
  readonly kvno: number | undefined;
  readonly cipher: Uint8Array;
}

/** Writes EncryptedData. */
export function derEncrypted(etype: number, cipher: Uint8Array): Uint8Array {
  return fieldSequence({ 0: derInteger(etype), 2: derOctetString(cipher) });
}

/** Reads EncryptedData. */
export function readEncrypted(element: DerElement | undefined, what: string): EncryptedData {
  const fields = readFields(element, what);
  const kvno = fields.get(1);
  return {
    etype: readInteger(fields.get(0), what),
    kvno: kvno === undefined ? undefined : readInteger(kvno, what),
    cipher: readOctets(fields.get(2), what),
  };
}
