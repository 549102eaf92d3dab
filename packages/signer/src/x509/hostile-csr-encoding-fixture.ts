import { contextTag, tags } from "./der-reader.ts";
import { der, derNull, derOctetString, derOid, derSequence, derSmallInteger, derTrue } from "./der-writer.ts";
import { encodeExtension } from "./extensions.ts";
import { ec, type HostileCase } from "./hostile-csr-fixture.ts";
import { oids } from "./oid.ts";
import { attribute, attributesField, extensionRequest } from "./request-fixture.ts";

const honest = ec({});
const duplicate = encodeExtension("1.2.3.4", false, derNull);

/** What stands inside the outermost sequence of the honest request, which has two or three octets of length. */
const inside = honest.subarray(honest[1] === 0x81 ? 3 : 4);

/** The honest request under another encoding of its outermost length. */
function outerLength(...length: readonly number[]): Uint8Array {
  return Buffer.concat([Uint8Array.of(tags.sequence, ...length), inside]);
}

/** A NULL inside so many sequences. */
export function nested(depth: number): Uint8Array {
  return Array.from({ length: depth }).reduce<Uint8Array>((inner) => derSequence(inner), derNull);
}

/** Requests that are not the one encoding that DER allows, or not a PKCS#10 request. */
export const hostileEncodings: readonly HostileCase[] = [
  ["a trailing byte", () => Buffer.concat([honest, Uint8Array.of(0)]), /trailing bytes/],
  [
    "an indefinite length",
    () => Buffer.concat([outerLength(0x80), Uint8Array.of(0, 0)]),
    /indefinite length/,
  ],
  [
    "a length with a leading zero",
    () => outerLength(0x83, 0, inside.length >> 8, inside.length & 0xff),
    /length/,
  ],
  [
    "a short length in long form",
    () => ec({ version: Uint8Array.of(2, 0x81, 1, 0) }),
    /length that is not minimal/,
  ],
  ["a truncated value", () => honest.subarray(0, honest.length - 1), /truncated/],
  ["an empty sequence", () => derSequence(), /missing|malformed/],
  ["a fourth element", () => derSequence(inside, derNull), /malformed/],
  [
    "nesting of 3,000",
    () => ec({ attributes: attributesField(attribute("1.2.3", nested(3000))) }),
    /nesting deeper/,
  ],
  [
    "nesting of 33",
    () => ec({ attributes: attributesField(attribute("1.2.3", nested(33))) }),
    /nesting deeper/,
  ],
  ["version 1", () => ec({ version: derSmallInteger(1) }), /version is not 0/],
  ["version 5", () => ec({ version: derSmallInteger(5) }), /version is not 0/],
  ["version -1", () => ec({ version: Uint8Array.of(2, 1, 0xff) }), /version is out of range/],
  [
    "a version that is not minimal",
    () => ec({ version: Uint8Array.of(2, 2, 0, 0) }),
    /INTEGER that is not minimal/,
  ],
  ["absent attributes", () => ec({ attributes: new Uint8Array() }), /attributes field is missing/],
  [
    "attributes under another tag",
    () => ec({ attributes: der(contextTag(1, true)) }),
    /unexpected ASN.1 type/,
  ],
  ["a fifth field", () => ec({ attributes: Buffer.concat([attributesField(), derNull]) }), /malformed/],
  [
    "two extension requests",
    () => ec({ attributes: attributesField(extensionRequest(duplicate), extensionRequest()) }),
    /exactly one extension request/,
  ],
  [
    "an extension request of two values",
    () => ec({ attributes: attributesField(attribute(oids.extensionRequest, derSequence(), derSequence())) }),
    /exactly one extension request/,
  ],
  [
    "an extension request without value",
    () => ec({ attributes: attributesField(attribute(oids.extensionRequest)) }),
    /exactly one extension request/,
  ],
  ["a duplicate extension", () => ec({ extensions: [duplicate, duplicate] }), /appears twice/],
  [
    "critical encoded as 1",
    () =>
      ec({ extensions: [derSequence(derOid("1.2.3.4"), Uint8Array.of(1, 1, 1), derOctetString(derNull))] }),
    /BOOLEAN that is not canonical/,
  ],
  [
    "an extension with a fourth field",
    () => ec({ extensions: [derSequence(derOid("1.2.3.4"), derTrue, derOctetString(derNull), derNull)] }),
    /malformed/,
  ],
  [
    "an OID with a padded arc",
    () => ec({ attributes: attributesField(derSequence(Uint8Array.of(6, 3, 0x2a, 0x80, 1))) }),
    /OBJECT IDENTIFIER that is not minimal/,
  ],
];
