import type { DerElement } from "../../../packages/signer/src/x509/der-reader.ts";
import { tags } from "../../../packages/signer/src/x509/der-reader.ts";
import { attributeTypes } from "../../../packages/signer/src/x509/distinguished-name.ts";
import { decodeOid } from "../../../packages/signer/src/x509/oid.ts";

/** One attribute of a name: a short name such as `O`, or a dotted OID. */
export interface DnPart {
  readonly type: string;
  readonly value: string;
}

/** EJBCA's order of attributes, most specific first; it encodes, writes and compares names in it. */
const order = ["E", "UID", "CN", "SERIALNUMBER", "OU", "O", "L", "ST", "STREET", "POSTALCODE", "DC", "C"];

const shortNames: ReadonlyMap<string, string> = new Map(
  Object.entries(attributeTypes).map(([short, oid]) => [oid, short]),
);

/** The attributes in EJBCA's order; what it does not know comes first. Attributes of one type keep their order. */
export function inEjbcaOrder(parts: readonly DnPart[]): DnPart[] {
  return parts.toSorted((a, b) => order.indexOf(a.type) - order.indexOf(b.type));
}

/** `CN=LabIssuingCA,O=EJBCA Lab,C=SE`, in the order given. */
export function dnText(parts: readonly DnPart[]): string {
  return parts.map(({ type, value }) => `${type}=${value.replace(/[,+"\\]/g, "\\$&")}`).join(",");
}

/** Reads the text form, in EJBCA's order whatever the order of the text; undefined where it is no name. */
export function parseDn(text: string): DnPart[] | undefined {
  const parts: DnPart[] = [];
  for (const piece of text.split(/(?<!\\)[,+]/)) {
    const at = piece.indexOf("=");
    if (at < 1) return undefined;
    const value = piece.slice(at + 1).trim();
    parts.push({ type: piece.slice(0, at).trim().toUpperCase(), value: value.replace(/\\(.)/g, "$1") });
  }
  return inEjbcaOrder(parts);
}

/** The attributes of an encoded Name, in the order of the encoding. */
export function readDn(name: DerElement): DnPart[] {
  return name
    .children()
    .flatMap((rdn) => rdn.children())
    .map((attribute) => {
      const [type, value] = attribute.children();
      if (type === undefined || value === undefined) throw new TypeError("Expected a complete attribute");
      const oid = decodeOid(type.content, "an attribute type");
      return { type: shortNames.get(oid) ?? oid, value: readString(value) };
    });
}

function readString({ tag, content }: DerElement): string {
  if (tag === tags.utf8String) return Buffer.from(content).toString("utf8");
  if (tag === tags.bmpString) return Buffer.from(content).swap16().toString("utf16le");
  return Buffer.from(content).toString("latin1");
}

/** Java's `String.hashCode`: what EJBCA makes the id of a CA from its name. */
export function javaHashCode(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at += 1) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0;
  return hash;
}
