import type { X509 } from "@countersign/issuer-signer";

/** A certificate in lines that a ceremony's record can be compared with. */
export function describeCertificate(certificate: X509): readonly string[] {
  const { subject, issuer, serialHex, notBefore, notAfter, pathLength, sha256Hex } = certificate;
  return [
    `subject   ${subject}`,
    `issuer    ${issuer}`,
    `serial    ${serialHex}`,
    `valid     ${notBefore.toISOString()} to ${notAfter.toISOString()}`,
    `signature ${certificate.signatureAlgorithm}`,
    `path      ${pathLength ?? "no limit"}`,
    `SHA-256   ${sha256Hex}`,
  ];
}
