import type { Csr } from "@countersign/issuer-signer";
import { type DerElement, readDer, readOid, readSequence, tags } from "@countersign/issuer-signer/der";

/** Values by the dotted OID that they stand under, each list in the order of the encoding. */
export type ValuesByOid = ReadonlyMap<string, readonly string[]>;

/** What {@link Csr} has only as bytes. */
export interface CsrNames {
  /** Every attribute of the subject, repeated ones included. */
  readonly subject: ValuesByOid;
  /** The values of otherName SANs: text as it is, anything else as the hexadecimal of its encoding. */
  readonly otherNames: ValuesByOid;
  /** Kinds of SANs that no policy can allow, such as `directoryName`; one entry for each name. */
  readonly neverAllowed: readonly string[];
  readonly ipAddresses: readonly string[];
  /** Dotted OIDs of the PKCS#10 attributes beside the extension request. */
  readonly attributes: readonly string[];
}

const what = "the certification request";
const extensionRequest = "1.2.840.113549.1.9.14";

/** Reads the names from the bytes that are signed; the strict parser has taken them before. */
export function readCsrNames(csr: Csr): CsrNames {
  return {
    subject: subjectValues(csr.subjectDer),
    otherNames: otherNameValues(csr),
    neverAllowed: csr.names.other.map(({ type }) => type).filter((type) => type !== "otherName"),
    // As Go and so approver-policy writes an IPv4 address in its 16 octets.
    ipAddresses: csr.names.ip.map((ip) => ip.replace(/^::ffff:(?=\d+\.)/, "")),
    attributes: attributeTypes(csr.der),
  };
}

function subjectValues(der: Uint8Array): ValuesByOid {
  const values = new Map<string, string[]>();
  for (const rdn of readSequence(readDer(der, what), what))
    for (const attribute of rdn.children()) {
      const [type, value] = readSequence(attribute, what);
      if (value !== undefined) append(values, readOid(type, what), text(value) ?? hex(value));
    }
  return values;
}

function otherNameValues(csr: Csr): ValuesByOid {
  const values = new Map<string, string[]>();
  for (const { type, der } of csr.names.other) {
    if (type !== "otherName") continue;
    const [typeId, wrapped] = readDer(der, what).children();
    const [value] = wrapped?.children() ?? [];
    if (value === undefined) continue;
    const isText = value.tag !== tags.bmpString && value.tag !== tags.numericString;
    append(values, readOid(typeId, what), (isText ? text(value) : undefined) ?? hex(value));
  }
  return values;
}

function attributeTypes(der: Uint8Array): string[] {
  const [info] = readSequence(readDer(der, what), what);
  const [, , , attributes] = readSequence(info, what);
  const types = attributes?.children().map((attribute) => readOid(attribute.children()[0], what)) ?? [];
  return types.filter((oid) => oid !== extensionRequest);
}

function append(values: Map<string, string[]>, oid: string, value: string): void {
  const before = values.get(oid);
  if (before === undefined) values.set(oid, [value]);
  else before.push(value);
}

function text({ tag, content }: DerElement): string | undefined {
  switch (tag) {
    case tags.utf8String:
      return Buffer.from(content).toString("utf8");
    case tags.printableString:
    case tags.ia5String:
    case tags.t61String:
    case tags.numericString:
      return Buffer.from(content).toString("latin1");
    case tags.bmpString:
      return Buffer.from(content).swap16().toString("utf16le").replace(/\0$/, "");
    default:
      return undefined;
  }
}

function hex({ der }: DerElement): string {
  return Buffer.from(der).toString("hex");
}
