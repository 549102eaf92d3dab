import { parseCertificate } from "@countersign/issuer-signer";

/**
 * When the first certificate of a PEM text ends, in milliseconds since the epoch: of a client's chain that is its own.
 * Undefined for a text that has none, or none that can be read, which is for its user to complain about.
 */
export function certificateExpiry(text: string): number | undefined {
  const pem = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(text)?.[0];
  if (pem === undefined) return undefined;
  try {
    return parseCertificate(`${pem}\n`).notAfter.getTime();
  } catch {
    return undefined;
  }
}
