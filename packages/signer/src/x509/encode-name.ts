import { tags } from "./der-reader.ts";
import { der, derOid, derSequence } from "./der-writer.ts";
import { attributeTypes } from "./distinguished-name.ts";

/** One attribute of a name: a short name such as `O` (RFC 4514 §3) or a dotted OID, and its value. */
export interface SubjectAttribute {
  readonly type: string;
  readonly value: string;
}

/**
 * Encodes a Name of one attribute per relative name, in the order given; PrintableString where the characters allow it,
 * UTF8String elsewhere, as Go does. Not written with pkijs, which puts all attributes into one relative name. Throws a
 * TypeError for an unknown type.
 */
export function encodeName(attributes: readonly SubjectAttribute[]): Uint8Array {
  return derSequence(
    ...attributes.map(({ type, value }) => {
      const oid = attributeTypes[type] ?? type;
      if (!/^[012](\.\d+)+$/.test(oid))
        throw new TypeError(
          `subject attribute: expected a short name or an OID, got ${JSON.stringify(type)}`,
        );
      return der(tags.set, derSequence(derOid(oid), directoryString(oid, value)));
    }),
  );
}

/** RFC 5280 appendix A fixes domainComponent and emailAddress to IA5String. */
function directoryString(oid: string, value: string): Uint8Array {
  if (oid === attributeTypes.DC || oid === attributeTypes.E)
    return der(tags.ia5String, Buffer.from(value, "latin1"));
  const tag = /^[A-Za-z0-9 '()+,\-./:=?]*$/.test(value) ? tags.printableString : tags.utf8String;
  return der(tag, Buffer.from(value, "utf8"));
}
