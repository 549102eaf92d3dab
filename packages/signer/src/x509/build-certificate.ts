import { BadCertificateError, InvalidCsrError, RequestRejected } from "../errors.ts";
import { sameBytes } from "./bytes.ts";
import type { CaSigner } from "./ca-signer.ts";
import { maySignCertificates, parseCertificate, type X509 } from "./certificate.ts";
import type { Csr } from "./certification-request.ts";
import { assertCsrAgrees, type RequestedProfile } from "./csr-agreement.ts";
import { derOctetString } from "./der-writer.ts";
import {
  encodeAuthorityInfoAccess,
  encodeAuthorityKeyIdentifier,
  encodeBasicConstraints,
  encodeCertificatePolicies,
  encodeCrlDistributionPoints,
  encodeExtendedKeyUsage,
  encodeExtension,
  encodeKeyUsage,
  findExtension,
} from "./extensions.ts";
import { nameConstraintViolations, readNameConstraints } from "./name-constraints.ts";
import { oids } from "./oid.ts";
import { quoteForeign } from "./refusal.ts";
import { encodeCertificate, encodeTbsCertificate, keyIdentifier } from "./tbs-certificate.ts";
import type { ResolvedUsages } from "./usages.ts";

/** What {@link buildCertificate} needs. */
export interface BuildCertificateOptions extends RequestedProfile {
  readonly csr: Csr;
  readonly caCertificate: X509;
  readonly signer: CaSigner;
  /** Positive, at most 20 octets, most significant first; unique per CA. See {@link deterministicSerial}. */
  readonly serial: Uint8Array;
  /** Truncated to whole seconds, as the encoding has no more. */
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** What to do where `notAfter` is beyond the CA's: end with the CA (default), refuse, or issue as asked, as cert-manager does. */
  readonly beyondCa?: "clamp" | "refuse" | "allow" | undefined;
  /** CA certificates that may follow below a CA certificate; never more than the issuing CA leaves. */
  readonly pathLength?: number | undefined;
  readonly crlDistributionPoints?: readonly string[] | undefined;
  readonly ocspServers?: readonly string[] | undefined;
  readonly issuingCertificateUrls?: readonly string[] | undefined;
  /** Dotted OIDs of the policies under which the certificate is issued. */
  readonly policyOids?: readonly string[] | undefined;
}

/**
 * Issues a certificate for a request: version 3, subject and SAN copied byte for byte from the CSR, extensions in the order
 * of cert-manager's CA issuer. The signature is verified with the CA certificate's key before anything is returned, so a
 * signer with another key, or one that failed silently, yields a {@link BadCertificateError}. Throws an
 * {@link InvalidCsrError} where CSR and request disagree, a {@link RequestRejected} for what this CA cannot issue.
 */
export async function buildCertificate(options: BuildCertificateOptions): Promise<X509> {
  const { csr, caCertificate, signer } = options;
  const usages = assertCsrAgrees(csr, options);
  assertIssuable(options);
  const { notBefore, notAfter } = validity(options);
  const tbs = encodeTbsCertificate({
    serial: options.serial,
    signatureAlgorithm: signer.algorithm,
    issuerDer: caCertificate.subjectDer,
    notBefore,
    notAfter,
    subjectDer: csr.subjectDer,
    spkiDer: csr.spkiDer,
    extensions: encodeExtensions(options, usages),
  });
  const signature = await signer.sign(tbs);
  const certificate = parseCertificate(encodeCertificate(tbs, signer.algorithm, signature));
  const isVerified =
    signer.verifies === true &&
    signer.publicKey.equals(caCertificate.publicKey) &&
    maySignCertificates(caCertificate);
  if (!isVerified && !certificate.isIssuedBy(caCertificate))
    throw new BadCertificateError(
      "the signer's signature does not verify with the CA certificate; check that the key and the certificate belong together",
    );
  return certificate;
}

function assertIssuable({ csr, caCertificate, isCA }: BuildCertificateOptions): void {
  if (sameBytes(csr.spkiDer, caCertificate.spkiDer))
    throw new InvalidCsrError("certificate request refused: its key is the key of the CA; make a new key");
  const hasSubject = csr.subject !== "";
  if (!hasSubject && csr.sanDer === undefined)
    throw new InvalidCsrError(
      "certificate request refused: it names nothing; give it a subject or a subject alternative name",
    );
  if (isCA && !hasSubject)
    throw new InvalidCsrError("certificate request refused: a CA certificate needs a subject; name it");
  if (isCA && caCertificate.pathLength === 0)
    throw new RequestRejected(
      "the CA may not issue CA certificates: its path length is 0; use another issuer",
    );
  const constraints = findExtension(caCertificate.extensions, oids.nameConstraints);
  if (constraints === undefined) return;
  const [violation] = nameConstraintViolations(
    readNameConstraints(constraints.der, "certificate"),
    csr.names,
    csr.commonName,
  );
  if (violation !== undefined)
    throw new RequestRejected(
      `the CA's name constraints do not allow ${quoteForeign(violation)}; use another issuer`,
    );
}

function validity({ notBefore, notAfter, caCertificate, beyondCa = "clamp" }: BuildCertificateOptions) {
  const wholeSeconds = (date: Date): Date => new Date(Math.floor(date.getTime() / 1000) * 1000);
  const isBeyond = notAfter.getTime() > caCertificate.notAfter.getTime();
  if (isBeyond && beyondCa === "refuse")
    throw new RequestRejected(
      `the certificate would outlive its CA, which ends ${caCertificate.notAfter.toISOString()}; ask for a shorter duration`,
    );
  const end = isBeyond && beyondCa === "clamp" ? caCertificate.notAfter : notAfter;
  const result = { notBefore: wholeSeconds(notBefore), notAfter: wholeSeconds(end) };
  if (!(result.notAfter.getTime() > result.notBefore.getTime()))
    throw new RequestRejected(
      "the certificate would end before it begins; check the duration and the CA's validity",
    );
  return result;
}

/** In the order of Go's x509.CreateCertificate with cert-manager's template; the SAN, copied raw, comes last. */
function encodeExtensions(options: BuildCertificateOptions, usages: ResolvedUsages): Uint8Array[] {
  const {
    csr,
    caCertificate,
    isCA,
    crlDistributionPoints = [],
    ocspServers = [],
    issuingCertificateUrls = [],
    policyOids = [],
  } = options;
  const authorityKeyId =
    caCertificate.skiHex === undefined
      ? keyIdentifier(caCertificate.spkiDer)
      : Buffer.from(caCertificate.skiHex, "hex");
  const extensions: Uint8Array[] = [];
  const add = (oid: string, critical: boolean, value: Uint8Array): void => {
    extensions.push(encodeExtension(oid, critical, value));
  };
  if (usages.keyUsage.length > 0) add(oids.keyUsage, true, encodeKeyUsage(usages.keyUsage));
  if (usages.extendedKeyUsage.length > 0)
    add(oids.extendedKeyUsage, false, encodeExtendedKeyUsage(usages.extendedKeyUsage));
  add(
    oids.basicConstraints,
    true,
    encodeBasicConstraints({ isCA, pathLength: isCA ? pathLength(options) : undefined }),
  );
  add(oids.subjectKeyIdentifier, false, derOctetString(keyIdentifier(csr.spkiDer)));
  add(oids.authorityKeyIdentifier, false, encodeAuthorityKeyIdentifier(authorityKeyId));
  if (ocspServers.length + issuingCertificateUrls.length > 0)
    add(oids.authorityInfoAccess, false, encodeAuthorityInfoAccess(ocspServers, issuingCertificateUrls));
  if (policyOids.length > 0)
    add(oids.certificatePolicies, false, encodeCertificatePolicies([...new Set(policyOids)]));
  if (csr.nameConstraintsDer !== undefined) add(oids.nameConstraints, true, csr.nameConstraintsDer);
  if (crlDistributionPoints.length > 0)
    add(oids.crlDistributionPoints, false, encodeCrlDistributionPoints(crlDistributionPoints));
  if (csr.sanDer !== undefined) add(oids.subjectAltName, csr.subject === "", csr.sanDer);
  return extensions;
}

function pathLength({ caCertificate, pathLength: asked }: BuildCertificateOptions): number | undefined {
  const left = caCertificate.pathLength === undefined ? undefined : caCertificate.pathLength - 1;
  if (asked === undefined || left === undefined) return asked ?? left;
  return Math.min(asked, left);
}
