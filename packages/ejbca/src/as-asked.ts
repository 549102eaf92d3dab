import { RequestRejected, type SignRequest, type X509 } from "@countersign/issuer-signer";

/**
 * Throws where EJBCA has issued something else than was asked, and would do so again: trying once more would only add to the
 * certificates that nobody uses. Whatever else differs, the SDK judges.
 *
 * @throws RequestRejected
 */
export function assertAsAsked(request: SignRequest, leaf: X509, isExisting: boolean): void {
  const { parsedCsr: csr, isCA } = request;
  if (!Buffer.from(leaf.spkiDer).equals(Buffer.from(csr.spkiDer))) return;
  if (isCA && !leaf.isCA)
    throw new RequestRejected(
      "The request is for a CA certificate, and EJBCA's certificate profile issues none: it has issued another certificate, which is not used. Unset isCA, or take a profile for CAs.",
    );
  const changed = csr.names.uri.find(
    (uri) => !leaf.names.uri.includes(uri) && leaf.names.uri.includes(slashed(uri)),
  );
  if (changed !== undefined)
    throw new RequestRejected(
      "EJBCA has replaced characters such as ? and % in a URI of the request by a slash, so its certificate is not used. Ask for URIs without them, or allow them in EJBCA's forbidden.characters.",
    );
  if (isExisting && !isSubset(namesOf(leaf), namesOf(csr)))
    throw new RequestRejected(
      "EJBCA takes the names of an existing end entity from its registration, and they are not those of the request, so its certificate is not used. Register the end entity with the request's names.",
    );
}

/** `forbidden.characters` of EJBCA's cesecore.properties, as they are by default. */
function slashed(text: string): string {
  return text.replace(/[;%<>`?$!\r\n]/g, "/");
}

function namesOf({ names }: Pick<X509, "names">): readonly string[] {
  return [...names.dns.map((name) => name.toLowerCase()), ...names.ip, ...names.uri, ...names.email];
}

function isSubset(some: readonly string[], all: readonly string[]): boolean {
  return some.every((name) => all.includes(name));
}
