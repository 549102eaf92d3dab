import { BadCertificateError, type Csr, parseCertificates } from "@countersign/issuer-signer";
import { textField, type VenafiAnswer } from "../answer.ts";

/**
 * The PEM text in `CertificateData`, which is base64 of it: the leaf, then what is above it. Undefined where no certificate in
 * it is for the CSR's key: an older certificate of the same object, or one that another request has put there.
 *
 * @throws BadCertificateError where it holds no certificates
 */
export function certificateOf({ json }: VenafiAnswer, csr: Csr): string | undefined {
  const data = textField(json, "CertificateData");
  if (data === undefined) throw new BadCertificateError("TPP's answer has no certificate");
  const pem = Buffer.from(data, "base64").toString("latin1");
  const isForKey = parseCertificates(pem).some(({ spkiDer }) => Buffer.compare(spkiDer, csr.spkiDer) === 0);
  return isForKey ? pem : undefined;
}
