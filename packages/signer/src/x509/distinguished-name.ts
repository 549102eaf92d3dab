import { toHex, toLatin1 } from "./bytes.ts";
import { type DerElement, expectTag, readOid, readSequence, tags } from "./der-reader.ts";
import { Refusal } from "./refusal.ts";

/** The short names of RFC 4514 §3, and those of RFC 5280 and openssl beside them. */
export const attributeTypes: Readonly<Record<string, string>> = Object.freeze({
  CN: "2.5.4.3",
  SERIALNUMBER: "2.5.4.5",
  C: "2.5.4.6",
  L: "2.5.4.7",
  ST: "2.5.4.8",
  STREET: "2.5.4.9",
  O: "2.5.4.10",
  OU: "2.5.4.11",
  POSTALCODE: "2.5.4.17",
  DC: "0.9.2342.19200300.100.1.25",
  UID: "0.9.2342.19200300.100.1.1",
  E: "1.2.840.113549.1.9.1",
});

const shortNames: ReadonlyMap<string, string> = new Map(
  Object.entries(attributeTypes).map(([short, oid]) => [oid, short]),
);

/** A distinguished name. */
export interface DistinguishedName {
  /** The RDNSequence as it was encoded; compare and copy these bytes, not the text. */
  readonly der: Uint8Array;
  /** For people, in the manner of RFC 4514: most specific first, control characters escaped. Empty for an empty name. */
  readonly text: string;
  /** The last commonName, as Go reads it; undefined where there is none. */
  readonly commonName: string | undefined;
  readonly isEmpty: boolean;
}

/** Reads a Name; refuses the string types and characters that Go's parser refuses in a certificate, and NUL. */
export function readName(element: DerElement | undefined, what: string): DistinguishedName {
  const parts: string[] = [];
  let commonName: string | undefined;
  for (const rdn of readSequence(element, what)) {
    const attributes = expectTag(rdn, tags.set, what).children();
    if (attributes.length === 0) throw new Refusal(`${what} has an empty relative name`);
    const texts: string[] = [];
    for (const attribute of attributes) {
      const [type, value, ...rest] = readSequence(attribute, what);
      if (value === undefined || rest.length > 0) throw new Refusal(`${what} has a malformed attribute`);
      const oid = readOid(type, what);
      const text = readDirectoryString(value, what);
      if (oid === attributeTypes.CN) commonName = text;
      const short = shortNames.get(oid);
      texts.push(short === undefined ? `${oid}=#${toHex(value.der)}` : `${short}=${escapeValue(text)}`);
    }
    parts.push(texts.join("+"));
  }
  return {
    der: element?.der ?? new Uint8Array(),
    text: parts.reverse().join(","),
    commonName,
    isEmpty: parts.length === 0,
  };
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function readDirectoryString(value: DerElement, what: string): string {
  const { content } = value;
  const text = decodeString(value.tag, content);
  if (text === undefined) throw new Refusal(`${what} has a value that is not a valid string of its type`);
  if (text.includes("\0")) throw new Refusal(`${what} contains a NUL character`);
  return text;
}

function decodeString(tag: number, content: Uint8Array): string | undefined {
  switch (tag) {
    case tags.utf8String:
      try {
        return utf8.decode(content);
      } catch {
        return undefined;
      }
    case tags.printableString:
      // Go allows * and & beside X.680's alphabet: real CAs use them.
      return matching(content, /^[A-Za-z0-9 '()+,\-./:=?*&]*$/);
    case tags.ia5String:
      // biome-ignore lint/suspicious/noControlCharactersInRegex: IA5String is exactly these 128 characters.
      return matching(content, /^[\x00-\x7f]*$/);
    case tags.numericString:
      return matching(content, /^[0-9 ]*$/);
    case tags.t61String:
      return toLatin1(content);
    case tags.bmpString:
      return decodeBmp(content);
    default:
      return undefined;
  }
}

function matching(content: Uint8Array, pattern: RegExp): string | undefined {
  const text = toLatin1(content);
  return pattern.test(text) ? text : undefined;
}

function decodeBmp(content: Uint8Array): string | undefined {
  if (content.length % 2 !== 0) return undefined;
  const terminated = content.length >= 2 && content.at(-1) === 0 && content.at(-2) === 0;
  let text = "";
  for (let i = 0; i < content.length - (terminated ? 2 : 0); i += 2) {
    const point = (content[i] ?? 0) * 256 + (content[i + 1] ?? 0);
    const surrogate = point >= 0xd800 && point <= 0xdfff;
    const noncharacter = point >= 0xfffe || (point >= 0xfdd0 && point <= 0xfdef);
    if (surrogate || noncharacter) return undefined;
    text += String.fromCharCode(point);
  }
  return text;
}

function escapeValue(text: string): string {
  return text
    .replace(/[\\",+;<>=]|^[ #]| $/g, (char) => `\\${char}`)
    .replace(/\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp}/gu, (char) =>
      [...Buffer.from(char, "utf8")].map((octet) => `\\${octet.toString(16).padStart(2, "0")}`).join(""),
    );
}
