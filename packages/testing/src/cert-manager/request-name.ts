import { createHash } from "node:crypto";

/** Longest Certificate name that a request carries whole: 253 less a dash and the digits of any revision. */
const longestWholeName = 233;

/**
 * `<certificate>-<revision>`, the stable name of cert-manager's StableCertificateRequestName. A name that would grow too
 * long is cut and ends in a hash of the whole, so that two long names never meet.
 */
export function requestName(certificateName: string, revision: number): string {
  if (certificateName.length <= longestWholeName) return `${certificateName}-${revision}`;
  const hash = createHash("sha256").update(certificateName).digest("hex").slice(0, 16);
  return `${certificateName.slice(0, longestWholeName - 17)}-${hash}-${revision}`;
}
