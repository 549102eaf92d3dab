import { toLatin1 } from "./bytes.ts";
import {
  contextTag,
  type DerElement,
  expectTag,
  readDer,
  readOid,
  readSequence,
  readSmallInteger,
  tags,
} from "./der-reader.ts";
import {
  der,
  derBitString,
  derOctetString,
  derOid,
  derSequence,
  derSmallInteger,
  derTrue,
} from "./der-writer.ts";
import { oids } from "./oid.ts";
import { Refusal } from "./refusal.ts";
import { extendedKeyUsageOids, extendedKeyUsageWord, keyUsageWords } from "./usages.ts";

/** One X.509 extension (RFC 5280 §4.2). */
export interface Extension {
  /** Dotted. */
  readonly oid: string;
  readonly critical: boolean;
  /** The value: what stands inside the OCTET STRING. */
  readonly der: Uint8Array;
}

/** BasicConstraints (RFC 5280 §4.2.1.9). */
export interface BasicConstraints {
  readonly isCA: boolean;
  /** CA certificates that may follow below; undefined for no limit. */
  readonly pathLength: number | undefined;
}

/** Reads Extensions; the same OID twice is refused, as two readers would pick different ones. */
export function readExtensions(element: DerElement | undefined, what: string): Extension[] {
  const extensions: Extension[] = [];
  const seen = new Set<string>();
  for (const extension of readSequence(element, what)) {
    const fields = readSequence(extension, what);
    const oid = readOid(fields[0], `the OID in ${what}`);
    const hasCritical = fields[1]?.tag === tags.boolean;
    const value = expectTag(fields[hasCritical ? 2 : 1], tags.octetString, `the value of extension ${oid}`);
    if (fields.length > (hasCritical ? 3 : 2)) throw new Refusal(`extension ${oid} is malformed`);
    if (seen.has(oid)) throw new Refusal(`extension ${oid} appears twice`, "name it once");
    seen.add(oid);
    extensions.push({ oid, critical: hasCritical && fields[1]?.content[0] === 0xff, der: value.content });
  }
  return extensions;
}

/** The extension with the OID, if there. */
export function findExtension(extensions: readonly Extension[], oid: string): Extension | undefined {
  return extensions.find((extension) => extension.oid === oid);
}

/** Encodes one Extension. */
export function encodeExtension(oid: string, critical: boolean, value: Uint8Array): Uint8Array {
  return derSequence(derOid(oid), ...(critical ? [derTrue] : []), derOctetString(value));
}

/** Reads KeyUsage into cert-manager's words, in the order of the bits. */
export function readKeyUsage(value: Uint8Array): string[] {
  const { content } = expectTag(
    readDer(value, "the key usage extension"),
    tags.bitString,
    "the key usage extension",
  );
  const words: string[] = [];
  for (let bit = 0; bit < (content.length - 1) * 8; bit += 1) {
    if (((content[1 + (bit >> 3)] ?? 0) & (0x80 >> (bit & 7))) === 0) continue;
    const word = keyUsageWords[bit];
    if (word === undefined) throw new Refusal("the key usage extension has unknown bits");
    words.push(word);
  }
  return words;
}

/** Encodes KeyUsage as a named bit list: trailing zero bits stripped (X.690 §11.2.2). */
export function encodeKeyUsage(words: readonly string[]): Uint8Array {
  const octets = [0, 0];
  let last = -1;
  for (const word of words) {
    const bit = keyUsageWords.indexOf(word);
    octets[bit >> 3] = (octets[bit >> 3] ?? 0) | (0x80 >> (bit & 7));
    last = Math.max(last, bit);
  }
  if (last < 0) return derBitString(new Uint8Array());
  return der(tags.bitString, Uint8Array.of(7 - (last & 7), ...octets.slice(0, 1 + (last >> 3))));
}

/** Reads ExtKeyUsage into cert-manager's words, and dotted OIDs where it has none, in the order of the encoding. */
export function readExtendedKeyUsage(value: Uint8Array): string[] {
  const what = "the extended key usage extension";
  const words = readSequence(readDer(value, what), what).map((oid) =>
    extendedKeyUsageWord(readOid(oid, what)),
  );
  if (words.length === 0) throw new Refusal(`${what} is empty`);
  return words;
}

/** Encodes ExtKeyUsage from words and dotted OIDs. */
export function encodeExtendedKeyUsage(words: readonly string[]): Uint8Array {
  return derSequence(...words.map((word) => derOid(extendedKeyUsageOids[word] ?? word)));
}

/** Reads BasicConstraints. A path length without CA is refused. */
export function readBasicConstraints(value: Uint8Array): BasicConstraints {
  const what = "the basic constraints extension";
  const fields = readSequence(readDer(value, what), what);
  const isCA = fields[0]?.tag === tags.boolean && fields.shift()?.content[0] === 0xff;
  const pathLength =
    fields.length === 0 ? undefined : readSmallInteger(fields.shift(), `the path length of ${what}`);
  if (fields.length > 0) throw new Refusal(`${what} is malformed`);
  if (pathLength !== undefined && !isCA)
    throw new Refusal(`${what} limits the path of a certificate that is no CA`);
  return { isCA, pathLength };
}

/** Encodes BasicConstraints. */
export function encodeBasicConstraints({ isCA, pathLength }: BasicConstraints): Uint8Array {
  if (!isCA) return derSequence();
  return derSequence(derTrue, ...(pathLength === undefined ? [] : [derSmallInteger(pathLength)]));
}

/** Reads a SubjectKeyIdentifier. */
export function readSubjectKeyIdentifier(value: Uint8Array): Uint8Array {
  const what = "the subject key identifier";
  return expectTag(readDer(value, what), tags.octetString, what).content;
}

/** Reads the keyIdentifier of an AuthorityKeyIdentifier, if it has one. */
export function readAuthorityKeyIdentifier(value: Uint8Array): Uint8Array | undefined {
  const what = "the authority key identifier";
  return readSequence(readDer(value, what), what).find(({ tag }) => tag === contextTag(0, false))?.content;
}

/** Encodes an AuthorityKeyIdentifier with a keyIdentifier alone. */
export function encodeAuthorityKeyIdentifier(keyIdentifier: Uint8Array): Uint8Array {
  return derSequence(der(contextTag(0, false), keyIdentifier));
}

/** Encodes CRLDistributionPoints (RFC 5280 §4.2.1.13): one point for each URL, as Go writes them. */
export function encodeCrlDistributionPoints(urls: readonly string[]): Uint8Array {
  return derSequence(
    ...urls.map((url) => derSequence(der(contextTag(0, true), der(contextTag(0, true), encodeUri(url))))),
  );
}

/** Encodes AuthorityInfoAccess (RFC 5280 §4.2.2.1): OCSP responders, then where the issuing certificate is. */
export function encodeAuthorityInfoAccess(ocsp: readonly string[], caIssuers: readonly string[]): Uint8Array {
  return derSequence(
    ...ocsp.map((url) => derSequence(derOid(oids.ocsp), encodeUri(url))),
    ...caIssuers.map((url) => derSequence(derOid(oids.caIssuers), encodeUri(url))),
  );
}

/** Encodes CertificatePolicies (RFC 5280 §4.2.1.4) without qualifiers. */
export function encodeCertificatePolicies(policies: readonly string[]): Uint8Array {
  return derSequence(...policies.map((policy) => derSequence(derOid(policy))));
}

function encodeUri(url: string): Uint8Array {
  const octets = Buffer.from(url, "latin1");
  if (toLatin1(octets) !== url || !/^[\x21-\x7e]+$/.test(url))
    throw new TypeError("URL in a certificate: expected printable ASCII without spaces");
  return der(contextTag(6, false), octets);
}
