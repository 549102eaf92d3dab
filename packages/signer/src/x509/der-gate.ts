import { Refusal } from "./refusal.ts";

/**
 * The strict DER gate (ITU-T X.690 §10–11). node:crypto, OpenSSL and pkijs accept BER: indefinite and padded lengths,
 * trailing bytes, padded integers. Two parsers then see two different requests, so nothing of this toolkit reads bytes
 * that have not passed here. One pass, no recursion, no allocation per byte.
 *
 * Deliberately not enforced, as Go's parser does not either and real tools emit it: the order of SET OF elements, and
 * the absence of DEFAULT values (an explicit `critical FALSE`).
 */
const maxDepth = 32;

/** Throws a {@link Refusal} unless `bytes` is exactly one strict DER value. `what` names it in the message. */
export function assertStrictDer(bytes: Uint8Array, what: string): void {
  const refuse = (at: number, problem: string): never => {
    throw new Refusal(`${what} is not valid DER: ${problem} at byte ${at}`);
  };
  const ends = new Array<number>(maxDepth).fill(0);
  let depth = 0;
  let position = 0;
  let end = bytes.length;
  let values = 0;
  while (position < end || depth > 0) {
    if (position === end) {
      depth -= 1;
      end = ends[depth] ?? 0;
      continue;
    }
    if (depth === 0 && values === 1) refuse(position, "trailing bytes");
    if (depth === 0) values += 1;
    const start = position;
    const tag = bytes[position++] ?? 0;
    if ((tag & 0x1f) === 0x1f) refuse(start, "a high tag number");
    if (position >= end) refuse(start, "a truncated value");
    let length = bytes[position++] ?? 0;
    if (length === 0x80) refuse(start, "an indefinite length");
    if (length > 0x80) {
      const octets = length & 0x7f;
      if (octets > 4) refuse(start, "an oversized length");
      if (position + octets > end) refuse(start, "a truncated value");
      if (bytes[position] === 0) refuse(start, "a length that is not minimal");
      length = 0;
      for (let i = 0; i < octets; i += 1) length = length * 256 + (bytes[position++] ?? 0);
      if (length < 0x80) refuse(start, "a length that is not minimal");
    }
    if (length > end - position) refuse(start, "a truncated value");
    const problem = tag < 0x40 ? universalProblem(bytes, tag, position, length) : undefined;
    if (problem !== undefined) refuse(start, problem);
    if ((tag & 0x20) === 0) {
      position += length;
      continue;
    }
    if (depth === maxDepth) refuse(start, `nesting deeper than ${maxDepth}`);
    ends[depth] = end;
    depth += 1;
    end = position + length;
  }
  if (values === 0) refuse(0, "no value");
}

function universalProblem(bytes: Uint8Array, tag: number, at: number, length: number): string | undefined {
  const number = tag & 0x1f;
  const mustBeConstructed = number === 8 || number === 11 || number === 16 || number === 17;
  if (((tag & 0x20) !== 0) !== mustBeConstructed)
    return mustBeConstructed ? "a primitive sequence or set" : "a constructed encoding of a primitive type";
  switch (number) {
    case 0:
      return "an end-of-contents marker";
    case 1:
      return length !== 1 || (bytes[at] !== 0 && bytes[at] !== 0xff)
        ? "a BOOLEAN that is not canonical"
        : undefined;
    case 2:
    case 10:
      return integerProblem(bytes, at, length);
    case 3:
      return bitStringProblem(bytes, at, length);
    case 5:
      return length === 0 ? undefined : "a NULL with contents";
    case 6:
    case 13:
      return oidProblem(bytes, at, length);
    default:
      return undefined;
  }
}

function integerProblem(bytes: Uint8Array, at: number, length: number): string | undefined {
  if (length === 0) return "an empty INTEGER";
  if (length === 1) return undefined;
  const first = bytes[at];
  const negative = ((bytes[at + 1] ?? 0) & 0x80) !== 0;
  return (first === 0 && !negative) || (first === 0xff && negative)
    ? "an INTEGER that is not minimal"
    : undefined;
}

function bitStringProblem(bytes: Uint8Array, at: number, length: number): string | undefined {
  const unused = bytes[at] ?? 0;
  if (length === 0 || unused > 7 || (length === 1 && unused !== 0)) return "a malformed BIT STRING";
  const last = bytes[at + length - 1] ?? 0;
  return length > 1 && (last & ((1 << unused) - 1)) !== 0
    ? "a BIT STRING whose unused bits are set"
    : undefined;
}

function oidProblem(bytes: Uint8Array, at: number, length: number): string | undefined {
  if (length === 0) return "an empty OBJECT IDENTIFIER";
  for (let i = at, first = true; i < at + length; i += 1) {
    const octet = bytes[i] ?? 0;
    if (first && octet === 0x80) return "an OBJECT IDENTIFIER that is not minimal";
    first = (octet & 0x80) === 0;
    if (!first && i === at + length - 1) return "a truncated OBJECT IDENTIFIER";
  }
  return undefined;
}
