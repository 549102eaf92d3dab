import { createHash, type KeyObject } from "node:crypto";
import { BadCertificateError } from "../errors.ts";
import { sameBytes, toHex } from "./bytes.ts";
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
import {
  type Extension,
  findExtension,
  readAuthorityKeyIdentifier,
  readBasicConstraints,
  readExtendedKeyUsage,
  readExtensions,
  readKeyUsage,
  readSubjectKeyIdentifier,
} from "./extensions.ts";
import { noNames, readSubjectAltName, type SubjectNames } from "./general-names.ts";
import { oids } from "./oid.ts";
import { decodePem, encodePem, pemLimits } from "./pem.ts";
import { type KeyAlgorithm, readSubjectPublicKey, type SubjectPublicKey, toPublicKey } from "./public-key.ts";
import { Refusal, translateRefusal } from "./refusal.ts";
import { readTime } from "./time.ts";

/** A certificate (RFC 5280 §4.1) whose bytes are strict DER. Its signature is not verified by reading it. */
export interface X509 {
  readonly der: Uint8Array;
  /** One CERTIFICATE block of 64 columns. */
  readonly pem: string;
  readonly version: 1 | 2 | 3;
  /** Lower-case hexadecimal of the serial number's magnitude, without leading zero octets. */
  readonly serialHex: string;
  readonly subjectDer: Uint8Array;
  readonly issuerDer: Uint8Array;
  /** For people, in the manner of RFC 4514. */
  readonly subject: string;
  readonly issuer: string;
  readonly commonName: string | undefined;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly spkiDer: Uint8Array;
  readonly publicKey: KeyObject;
  readonly keyAlgorithm: KeyAlgorithm;
  readonly isCA: boolean;
  /** CA certificates that may follow below it; undefined for no limit. */
  readonly pathLength: number | undefined;
  /** cert-manager's words; undefined where the extension is absent. */
  readonly keyUsage: readonly string[] | undefined;
  /** cert-manager's words, dotted OIDs where it has none; undefined where the extension is absent. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  readonly names: SubjectNames;
  readonly skiHex: string | undefined;
  readonly akiHex: string | undefined;
  readonly extensions: readonly Extension[];
  /** The algorithm's name, or its dotted OID where the toolkit does not verify it. */
  readonly signatureAlgorithm: string;
  /** Issuer and subject are the same and the signature verifies with the certificate's own key. */
  readonly isSelfSigned: boolean;
  /** SHA-256 of the DER, lower-case hexadecimal. */
  readonly sha256Hex: string;
  /** Whether `issuer` may sign certificates and did sign this one: names chain, CA flag, key usage, signature. */
  isIssuedBy(issuer: X509): boolean;
}

const what = "the certificate";
/** Chains of old PKIs still hold CAs of 1024 bits; leaf keys are held to the request's rules by their equality with it. */
const minModulusLength = 1024;

/**
 * Reads one certificate from PEM (one CERTIFICATE block, text around it allowed, at most 36,500 bytes) or DER. Refuses with
 * a {@link BadCertificateError} what is not strict DER, names an unsupported or unsound key, or what Go would not parse.
 */
export function parseCertificate(input: string | Uint8Array): X509 {
  return translateRefusal(
    BadCertificateError,
    "certificate refused",
    "have the PKI issue a correct one",
    () => {
      if (typeof input !== "string" && input[0] === tags.sequence) return readCertificate(input);
      const blocks = decodePem(input, { limit: pemLimits.certificate, allowText: true });
      const [block, ...rest] = blocks;
      if (block === undefined || rest.length > 0)
        throw new Refusal(`there are ${blocks.length} PEM blocks, not one`);
      return readCertificateBlock(block.label, block.der);
    },
  );
}

/**
 * Reads every certificate of a PEM text in its order; text between the blocks is skipped. At most `limit` bytes, by
 * default those of a trust bundle (330,000). Throws a {@link BadCertificateError}, also where there is none.
 */
export function parseCertificates(pem: string | Uint8Array, limit: number = pemLimits.bundle): X509[] {
  return translateRefusal(
    BadCertificateError,
    "certificates refused",
    "have the PKI answer with PEM certificates",
    () => {
      const blocks = decodePem(pem, { limit, allowText: true });
      if (blocks.length === 0) throw new Refusal("there is no PEM certificate");
      return blocks.map(({ label, der }) => readCertificateBlock(label, der));
    },
  );
}

function readCertificateBlock(label: string, der: Uint8Array): X509 {
  if (label !== "CERTIFICATE") throw new Refusal(`a PEM block is a ${label}, not a CERTIFICATE`);
  return readCertificate(der);
}

function readCertificate(bytes: Uint8Array): X509 {
  const [tbs, outerAlgorithm, signatureBits, ...rest] = readSequence(readDer(bytes, what), what);
  if (rest.length > 0) throw new Refusal(`${what} is malformed`);
  const fields = readSequence(tbs, what);
  const versionField = fields[0]?.tag === contextTag(0, true) ? fields.shift()?.children() : [];
  const [serial, innerAlgorithm, issuer, validity, subject, spki, ...optional] = fields;
  const version = versionField?.[0] === undefined ? 0 : readSmallInteger(versionField[0], "the version");
  if (version > 2) throw new Refusal(`${what} has the unknown version ${version + 1}`);
  const [notBefore, notAfter, ...more] = readSequence(validity, "the validity");
  if (more.length > 0) throw new Refusal("the validity is malformed");
  if (innerAlgorithm === undefined || !sameBytes(innerAlgorithm.der, outerAlgorithm?.der ?? new Uint8Array()))
    throw new Refusal("the signature algorithm inside and outside differ");
  return new Certificate({
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
  });
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
  }
  return extensions;
}

interface CertificateParts {
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

/** What is dear (key, PEM, hash, signatures) is computed when first asked for, signatures once per issuer object. */
class Certificate implements X509 {
  readonly #parts: CertificateParts;
  readonly der: Uint8Array;
  readonly version: 1 | 2 | 3;
  readonly serialHex: string;
  readonly subjectDer: Uint8Array;
  readonly issuerDer: Uint8Array;
  readonly subject: string;
  readonly issuer: string;
  readonly commonName: string | undefined;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly spkiDer: Uint8Array;
  readonly keyAlgorithm: KeyAlgorithm;
  readonly isCA: boolean;
  readonly pathLength: number | undefined;
  readonly keyUsage: readonly string[] | undefined;
  readonly extendedKeyUsage: readonly string[] | undefined;
  readonly names: SubjectNames;
  readonly skiHex: string | undefined;
  readonly akiHex: string | undefined;
  readonly extensions: readonly Extension[];
  readonly signatureAlgorithm: string;
  #publicKey: KeyObject | undefined;
  #isSelfSigned: boolean | undefined;
  readonly #issuedBy = new WeakMap<X509, boolean>();

  constructor(parts: CertificateParts) {
    const read = <T>(oid: string, reader: (value: Uint8Array) => T): T | undefined => {
      const extension = findExtension(parts.extensions, oid);
      return extension === undefined ? undefined : reader(extension.der);
    };
    const basicConstraints = read(oids.basicConstraints, readBasicConstraints);
    this.#parts = parts;
    this.der = parts.der;
    this.version = parts.version;
    this.serialHex = parts.serialHex;
    this.subjectDer = parts.subject.der;
    this.issuerDer = parts.issuer.der;
    this.subject = parts.subject.text;
    this.issuer = parts.issuer.text;
    this.commonName = parts.subject.commonName;
    this.notBefore = parts.notBefore;
    this.notAfter = parts.notAfter;
    this.spkiDer = parts.spki.der;
    this.keyAlgorithm = parts.spki.algorithm;
    this.isCA = basicConstraints?.isCA ?? false;
    this.pathLength = basicConstraints?.pathLength;
    this.keyUsage = read(oids.keyUsage, readKeyUsage);
    this.extendedKeyUsage = read(oids.extendedKeyUsage, readExtendedKeyUsage);
    this.names = read(oids.subjectAltName, (value) => readSubjectAltName(value, "certificate")) ?? noNames;
    this.skiHex = read(oids.subjectKeyIdentifier, (value) => toHex(readSubjectKeyIdentifier(value)));
    const aki = read(oids.authorityKeyIdentifier, readAuthorityKeyIdentifier);
    this.akiHex = aki === undefined ? undefined : toHex(aki);
    this.extensions = parts.extensions;
    this.signatureAlgorithm = parts.signature.algorithm;
  }

  get pem(): string {
    return encodePem("CERTIFICATE", this.der);
  }

  get publicKey(): KeyObject {
    this.#publicKey ??= translateRefusal(
      BadCertificateError,
      "certificate refused",
      "have the PKI issue a correct one",
      () => toPublicKey(this.#parts.spki),
    );
    return this.#publicKey;
  }

  get sha256Hex(): string {
    return createHash("sha256").update(this.der).digest("hex");
  }

  get isSelfSigned(): boolean {
    this.#isSelfSigned ??=
      sameBytes(this.subjectDer, this.issuerDer) &&
      this.#parts.signature.verifies(this.#parts.tbs, this, true);
    return this.#isSelfSigned;
  }

  isIssuedBy(issuer: X509): boolean {
    const known = this.#issuedBy.get(issuer);
    if (known !== undefined) return known;
    const issued =
      sameBytes(this.issuerDer, issuer.subjectDer) &&
      maySignCertificates(issuer) &&
      this.#parts.signature.verifies(this.#parts.tbs, issuer, sameBytes(this.der, issuer.der));
    this.#issuedBy.set(issuer, issued);
    return issued;
  }
}

/** RFC 5280 §4.2.1.9 and §4.2.1.3, as Go reads them: v3 needs the CA flag, a key usage needs `cert sign`. */
export function maySignCertificates(certificate: X509): boolean {
  if (certificate.version === 3 && !certificate.isCA) return false;
  return certificate.keyUsage === undefined || certificate.keyUsage.includes("cert sign");
}
