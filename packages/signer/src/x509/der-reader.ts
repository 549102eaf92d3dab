import { assertStrictDer } from "./der-gate.ts";
import { decodeOid } from "./oid.ts";
import { Refusal } from "./refusal.ts";

/** ASN.1 tags as they stand in the identifier octet: universal types, and `[n]` of the context class. */
export const tags = Object.freeze({
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  t61String: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
});

/** The identifier octet of a context-specific tag, `[number]`. */
export function contextTag(number: number, constructed: boolean): number {
  return (constructed ? 0xa0 : 0x80) | number;
}

/**
 * A view on one tag-length-value of an encoding that has passed the strict gate; nothing is copied.
 *
 * The toolkit reads requests and certificates with this instead of pkijs: measured per CPU-second, pkijs parses and
 * verifies about 960 P-256 requests against some 4,500 here, accepts what Go refuses (trailing bytes, algorithm
 * confusion) and cannot verify Ed25519. pkijs writes requests, opens PKCS#7, and is the second decoder of the tests.
 */
export class DerElement {
  readonly #bytes: Uint8Array;
  readonly #start: number;
  readonly #contentStart: number;
  readonly #end: number;
  readonly tag: number;

  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes;
    this.#start = start;
    this.tag = bytes[start] ?? 0;
    let position = start + 2;
    let length = bytes[start + 1] ?? 0;
    if (length > 0x80) {
      const octets = length & 0x7f;
      length = 0;
      for (let i = 0; i < octets; i += 1) length = length * 256 + (bytes[position++] ?? 0);
    }
    this.#contentStart = position;
    this.#end = position + length;
  }

  /** The whole encoding: tag, length and contents. */
  get der(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  get content(): Uint8Array {
    return this.#bytes.subarray(this.#contentStart, this.#end);
  }

  /** The elements inside a constructed one, in order. */
  children(): DerElement[] {
    const children: DerElement[] = [];
    for (let at = this.#contentStart; at < this.#end; ) {
      const child = new DerElement(this.#bytes, at);
      children.push(child);
      at = child.#end;
    }
    return children;
  }
}

/** Passes `bytes` through the strict gate and opens the one value in it. */
export function readDer(bytes: Uint8Array, what: string): DerElement {
  assertStrictDer(bytes, what);
  return new DerElement(bytes, 0);
}

/** The element itself if it is there and has the tag; a {@link Refusal} otherwise. */
export function expectTag(element: DerElement | undefined, tag: number, what: string): DerElement {
  if (element === undefined) throw new Refusal(`${what} is missing`);
  if (element.tag !== tag) throw new Refusal(`${what} has an unexpected ASN.1 type`);
  return element;
}

/** The children of a SEQUENCE. */
export function readSequence(element: DerElement | undefined, what: string): DerElement[] {
  return expectTag(element, tags.sequence, what).children();
}

/** An OBJECT IDENTIFIER in dotted form. */
export function readOid(element: DerElement | undefined, what: string): string {
  return decodeOid(expectTag(element, tags.oid, what).content, what);
}

/** The bytes of a BIT STRING without unused bits, as keys and signatures are. */
export function readOctetAlignedBits(element: DerElement | undefined, what: string): Uint8Array {
  const { content } = expectTag(element, tags.bitString, what);
  if (content[0] !== 0) throw new Refusal(`${what} has unused bits`);
  return content.subarray(1);
}

/** A non-negative INTEGER below 2^31. */
export function readSmallInteger(element: DerElement | undefined, what: string): number {
  const { content } = expectTag(element, tags.integer, what);
  if (content.length > 4 || ((content[0] ?? 0) & 0x80) !== 0) throw new Refusal(`${what} is out of range`);
  return content.reduce((value, octet) => value * 256 + octet, 0);
}
