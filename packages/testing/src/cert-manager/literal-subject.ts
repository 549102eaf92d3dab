import type { SubjectAttribute } from "@countersign/issuer-signer";

/**
 * The attributes of an RFC 4514 text such as `CN=web,O=Acme`, in the order of the encoding, which is the reverse of the
 * text's (§2.1). Throws a RangeError for a multi-valued relative name, a `#` hex value or text of another form: the
 * stand-in does not make these.
 */
export function parseLiteralSubject(text: string): SubjectAttribute[] {
  const parts = text.match(/(?:\\[\s\S]|[^\\,])+/g) ?? [];
  return parts.map(parseAttribute).reverse();
}

function parseAttribute(part: string): SubjectAttribute {
  const [, type, raw] =
    /^\s*([A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)+)\s*=\s*((?:\\[\s\S]|[^\\])*)$/.exec(part) ?? [];
  if (type === undefined || raw === undefined || /^#|(?<!\\)[+";<>]/.test(raw))
    throw new RangeError(`spec.literalSubject: cannot read ${JSON.stringify(part.trim())}`);
  return { type: type.toUpperCase(), value: undoEscapes(raw.replace(/(?<!\\) +$/, "")) };
}

/** RFC 4514 §2.4: a backslash goes before a special character or the two hex digits of one UTF-8 octet. */
function undoEscapes(raw: string): string {
  const octets: number[] = [];
  for (const [, hex, special, plain] of raw.matchAll(/\\([0-9A-Fa-f]{2})|\\([\s\S])|([^\\]+)/gu)) {
    if (hex !== undefined) octets.push(Number.parseInt(hex, 16));
    else octets.push(...Buffer.from(special ?? plain ?? ""));
  }
  return Buffer.from(octets).toString("utf8");
}
