import { type Csr, RequestRejected, type SignRequest, type X509 } from "@countersign/issuer-signer";

/**
 * Throws where the CA has issued something else than was asked, and would do so again: trying once more would only add to the
 * certificates that nobody uses. Whatever else differs, the SDK judges.
 *
 * @throws RequestRejected
 */
export function assertAsAsked({ parsedCsr: csr, isCA }: SignRequest, leaf: X509): void {
  if (isCA !== leaf.isCA)
    throw new RequestRejected(
      `The request is for ${isCA ? "a CA" : "no CA"} certificate, and the template has issued ${leaf.isCA ? "one" : "another"}, which is not used. Correct isCA of the Certificate, or the issuer's template.`,
    );
  const asked = new Set(namesOf(csr));
  const unasked = namesOf(leaf).filter((name) => !asked.has(name));
  if (unasked.length > 0)
    throw new RequestRejected(
      `The template has put ${unasked.length === 1 ? "a name" : `${unasked.length} names`} into the certificate that the request does not have, so it is not used. Let the template take the subject from the request ("Supply in the request").`,
    );
}

function namesOf({ names }: Pick<Csr | X509, "names">): readonly string[] {
  return [...names.dns.map((name) => name.toLowerCase()), ...names.ip, ...names.uri, ...names.email];
}
