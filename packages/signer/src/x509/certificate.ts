import { createHash, type KeyObject } from "node:crypto";
import { BadCertificateError } from "../errors.ts";
import { sameBytes, toHex } from "./bytes.ts";
import type { CertificateCache } from "./certificate-cache.ts";
import { tags } from "./der-reader.ts";
import {
  type Extension,
  findExtension,
  readAuthorityKeyIdentifier,
  readBasicConstraints,
  readExtendedKeyUsage,
  readKeyUsage,
  readSubjectKeyIdentifier,
} from "./extensions.ts";
import { noNames, readSubjectAltName, type SubjectNames } from "./general-names.ts";
import { oids } from "./oid.ts";
import { decodePem, encodePem, pemLimits } from "./pem.ts";
import { type KeyAlgorithm, toPublicKey } from "./public-key.ts";
import { type CertificateParts, readCertificateParts } from "./read-certificate.ts";
import { Refusal, translateRefusal } from "./refusal.ts";

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
      if (typeof input !== "string" && input[0] === tags.sequence)
        return new Certificate(readCertificateParts(input));
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
 *
 * @param cache spares reading CA certificates again
 */
export function parseCertificates(
  pem: string | Uint8Array,
  limit: number = pemLimits.bundle,
  cache?: CertificateCache,
): X509[] {
  return translateRefusal(
    BadCertificateError,
    "certificates refused",
    "have the PKI answer with PEM certificates",
    () => {
      const blocks = decodePem(pem, { limit, allowText: true });
      if (blocks.length === 0) throw new Refusal("there is no PEM certificate");
      return blocks.map(({ label, der }) =>
        cache === undefined || label !== "CERTIFICATE"
          ? readCertificateBlock(label, der)
          : cache.read(der, () => readCertificateBlock(label, der)),
      );
    },
  );
}

function readCertificateBlock(label: string, der: Uint8Array): X509 {
  if (label !== "CERTIFICATE") throw new Refusal(`a PEM block is a ${label}, not a CERTIFICATE`);
  return new Certificate(readCertificateParts(der));
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
