import { type KeyObject, X509Certificate } from "node:crypto";

/** The certificates of a PEM text, leaf first as they stand. Throws an Error for a block that is no certificate. */
export function readChain(pem: string): [X509Certificate, ...X509Certificate[]] {
  const blocks = pem.match(/-----BEGIN ([^-\n]+)-----[^-]*-----END \1-----/g) ?? [];
  const [leaf, ...rest] = blocks.map((block) => new X509Certificate(block));
  if (leaf === undefined) throw new Error("there is no PEM block in it");
  return [leaf, ...rest];
}

/**
 * The three checks that cert-manager makes before it stores a certificate: every PEM block parses, the leaf has the key
 * (since 1.20), and it is not expired (since 1.21). Nothing else is looked at, on purpose: an issuer must not rely on
 * being corrected. Returns what is wrong, undefined when nothing is.
 */
export function issuedCertificateProblem(pem: string, key: KeyObject, now: number): string | undefined {
  let leaf: X509Certificate;
  try {
    [leaf] = readChain(pem);
  } catch (error) {
    return `the certificate cannot be parsed: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (!leaf.checkPrivateKey(key)) return "the certificate's public key is not the key of the request";
  if (leaf.validToDate.getTime() <= now)
    return `the certificate expired at ${leaf.validToDate.toISOString()}`;
  return undefined;
}
