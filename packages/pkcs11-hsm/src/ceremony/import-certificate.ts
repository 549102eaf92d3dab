import { IssuerError, type X509 } from "@countersign/issuer-signer";
import { CKO } from "../module/constants.ts";
import { type FoundKey, findKey, findObjects } from "../module/find-key.ts";
import type { CeremonySession } from "./with-token.ts";

/**
 * Stores a CA certificate beside its key, under the key's id and label, for other programs that read the token; issuers take
 * theirs from a Secret or ConfigMap. Throws an {@link IssuerError} where the token has no such key.
 */
export async function importCertificate(
  { session, cryptoki }: CeremonySession,
  certificate: X509,
): Promise<FoundKey> {
  const { CertificateType, ObjectClass } = await import("graphene-pk11");
  const key = findKey(cryptoki, session.handle, { spki: certificate.spkiDer });
  const stored = findObjects(cryptoki, session.handle, CKO.CERTIFICATE, { idHex: key.idHex });
  if (stored.length > 0)
    throw new IssuerError(`the token has a certificate with id ${key.idHex} already; remove it first`);
  session.create({
    class: ObjectClass.CERTIFICATE,
    certType: CertificateType.X_509,
    token: true,
    private: false,
    id: Buffer.from(key.idHex, "hex"),
    label: key.label,
    subject: Buffer.from(certificate.subjectDer),
    value: Buffer.from(certificate.der),
  });
  return key;
}
