import {
  BadCertificateError,
  type CertificateCache,
  parseCertificates,
  pathFromLeaf,
  type X509,
} from "@countersign/issuer-signer";

/** What Vault answers with a certificate. */
export interface IssuedPem {
  readonly certificate: string;
  /** Absent where the mount holds a root only and leaves roots out, or by an old Vault. */
  readonly caChain?: readonly string[] | undefined;
  readonly issuingCa?: string | undefined;
}

/**
 * The path from the leaf upwards, as far as Vault's answer holds it. What is not on the path is left out: Vault's
 * `ca_chain` may hold cross-signed siblings, of which cert-manager's own reader says that they form no chain.
 *
 * At a fork a self-signed CA wins, then Vault's own order. The SDK leaves the root out of `tls.crt` and writes the top
 * to `ca.crt`, as the built-in issuer does.
 *
 * @param cache spares reading the CAs again, which come with every answer
 * @throws BadCertificateError where something in the answer is no certificate
 */
export function chainFromLeaf(
  { certificate, caChain, issuingCa }: IssuedPem,
  cache?: CertificateCache,
): readonly X509[] {
  const read = (pem: string) => parseCertificates(pem, undefined, cache);
  const [leaf, ...bundled] = read(certificate);
  if (leaf === undefined) throw new BadCertificateError("Vault's answer holds no certificate");
  const cas = caChain !== undefined && caChain.length > 0 ? caChain : [issuingCa ?? ""];
  const pool = [...bundled, ...cas.filter((pem) => pem.trim() !== "").flatMap(read)];
  return pathFromLeaf(leaf, pool);
}
