import { sameBytes, toHex } from "./bytes.ts";
import { assertReadableExtensions } from "./certificate-shape.ts";
import { readCertificateSignature, type X509Signature } from "./certificate-signature.ts";
import {
  contextTag,
  type DerElement,
  expectTag,
  readDer,
  readOctetAlignedBits,
  readSequence,
  readSmallInteger,
  tags,
} from "./der-reader.ts";
import { type DistinguishedName, readName } from "./distinguished-name.ts";
import { type Extension, readExtensions } from "./extensions.ts";
import { readSubjectPublicKey, type SubjectPublicKey } from "./public-key.ts";
import { Refusal } from "./refusal.ts";
import { readTime } from "./time.ts";

const what = "the certificate";
/** Chains of old PKIs still hold CAs of 1024 bits; leaf keys are held to the request's rules by their equality with it. */
const minModulusLength = 1024;

/** The fields of a certificate as they stand in its DER. */
export interface CertificateParts {
  readonly der: Uint8Array;
  readonly tbs: Uint8Array;
  readonly version: 1 | 2 | 3;
  readonly serialHex: string;
  readonly issuer: DistinguishedName;
  readonly subject: DistinguishedName;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly spki: SubjectPublicKey;
  readonly extensions: readonly Extension[];
  readonly signature: X509Signature;
}

/** Reads the DER of a certificate. Throws a {@link Refusal}. */
export function readCertificateParts(bytes: Uint8Array): CertificateParts {
  const [tbs, outerAlgorithm, signatureBits, ...rest] = readSequence(readDer(bytes, what), what);
  if (rest.length > 0) throw new Refusal(`${what} is malformed`);
  const fields = readSequence(tbs, what);
  const version = fields[0]?.tag === contextTag(0, true) ? readVersion(fields.shift()) : 0;
  const [serial, innerAlgorithm, issuer, validity, subject, spki, ...optional] = fields;
  const [notBefore, notAfter, ...more] = readSequence(validity, "the validity");
  if (more.length > 0) throw new Refusal("the validity is malformed");
  if (innerAlgorithm === undefined || !sameBytes(innerAlgorithm.der, outerAlgorithm?.der ?? new Uint8Array()))
    throw new Refusal("the signature algorithm inside and outside differ");
  return {
    der: bytes,
    tbs: tbs?.der ?? new Uint8Array(),
    version: version === 0 ? 1 : version === 1 ? 2 : 3,
    serialHex: readSerial(serial),
    issuer: readName(issuer, "the issuer"),
    subject: readName(subject, "the subject"),
    notBefore: readTime(notBefore, "notBefore"),
    notAfter: readTime(notAfter, "notAfter"),
    spki: readSubjectPublicKey(spki, minModulusLength),
    extensions: readCertificateExtensions(optional, version),
    signature: readCertificateSignature(outerAlgorithm, readOctetAlignedBits(signatureBits, "the signature")),
  };
}

function readVersion(field: DerElement | undefined): number {
  const [version, ...rest] = field?.children() ?? [];
  const number = readSmallInteger(version, "the version");
  if (number > 2 || rest.length > 0) throw new Refusal(`${what} has an unknown version`);
  return number;
}

function readSerial(element: DerElement | undefined): string {
  const { content } = expectTag(element, tags.integer, "the serial number");
  if (((content[0] ?? 0) & 0x80) !== 0) throw new Refusal("the serial number is negative");
  return toHex(content[0] === 0 && content.length > 1 ? content.subarray(1) : content);
}

/** After the key: issuerUniqueID [1], subjectUniqueID [2] and extensions [3], each once and in this order. */
function readCertificateExtensions(optional: readonly DerElement[], version: number): Extension[] {
  const order = [contextTag(1, false), contextTag(2, false), contextTag(3, true)];
  let last = -1;
  let extensions: Extension[] = [];
  for (const element of optional) {
    const position = order.indexOf(element.tag);
    if (position <= last) throw new Refusal(`${what} is malformed`);
    last = position;
    if (position !== 2) continue;
    if (version !== 2) throw new Refusal(`${what} has extensions but is not version 3`);
    const [list, ...rest] = element.children();
    if (rest.length > 0) throw new Refusal(`${what} is malformed`);
    extensions = readExtensions(list, "the extensions");
    assertReadableExtensions(extensions);
  }
  return extensions;
}
