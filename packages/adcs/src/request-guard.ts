import { quoted, RequestRejected, type SignRequest } from "@countersign/issuer-signer";
import { contextTag, expectTag, readDer, readOid, readSequence } from "@countersign/issuer-signer/der";

/** How a certificate names the account that it logs on, for domain controllers since Windows Server 2019 (KB5014754). */
const sidUri = "tag:microsoft.com,2022-09-14:sid:";

/** Extensions by which a request speaks to the CA, and which cert-manager never writes. */
const extensions: Readonly<Record<string, string>> = Object.freeze({
  "1.3.6.1.4.1.311.25.2": "the security identifier of an account (szOID_NTDS_CA_SECURITY_EXT)",
  "1.3.6.1.4.1.311.20.2": "a template (szOID_ENROLL_CERTTYPE_EXTENSION)",
  "1.3.6.1.4.1.311.21.7": "a template (szOID_CERTIFICATE_TEMPLATE)",
  "1.3.6.1.4.1.311.21.10": "application policies (szOID_APPLICATION_CERT_POLICIES)",
});

/**
 * PKCS#10 attributes that say nothing about the certificate. Others do at an AD CS and nowhere else, where no approver looks:
 * szOID_CERT_EXTENSIONS has extensions, szENROLLMENT_NAME_VALUE_PAIR a template or alternative names (MS-WCCE 2.2.2.7).
 */
const harmless: ReadonlySet<string> = new Set([
  "1.2.840.113549.1.9.14", // extensionRequest, which everybody reads
  "1.2.840.113549.1.9.7", // challengePassword
  "1.3.6.1.4.1.311.13.2.2", // szOID_ENROLLMENT_CSP_PROVIDER
  "1.3.6.1.4.1.311.13.2.3", // szOID_OS_VERSION
]);

/**
 * Refuses what a CSR could tell an AD CS beyond what Kubernetes shows of it, and names of Windows accounts.
 *
 * @throws RequestRejected
 */
export function assertSpeaksPlainly(
  { parsedCsr: csr }: Pick<SignRequest, "parsedCsr">,
  allowedSids: readonly string[],
): void {
  const allowed = new Set(allowedSids.map((sid) => sidUri + sid));
  const forged = csr.names.uri.find((uri) => isSidUri(uri) && !allowed.has(uri));
  if (forged !== undefined)
    throw new RequestRejected(
      `The request names a Windows account by the URI ${quoted(forged)}, with which its certificate logs on as that account. Remove the URI, or add its SID to allowedSids of the issuer.`,
    );
  for (const { oid } of csr.extensions) {
    const meaning = extensions[oid];
    if (meaning !== undefined)
      throw new RequestRejected(
        `The CSR has an extension that names ${meaning} to the CA. Make it without; the issuer's template decides.`,
      );
  }
  const attribute = attributesOf(csr.der).find((oid) => !harmless.has(oid));
  if (attribute !== undefined)
    throw new RequestRejected(
      `The CSR has the attribute ${attribute}, which can tell an AD CS more than is seen in Kubernetes. Make it without.`,
    );
}

/** Escapes count as what they stand for, in any case. */
function isSidUri(uri: string): boolean {
  const plain = uri.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return plain.toLowerCase().startsWith(sidUri);
}

/** Types of the attributes of a request (RFC 2986 §4.1), which the toolkit has read before. */
function attributesOf(der: Uint8Array): readonly string[] {
  const what = "the certification request";
  const [info] = readSequence(readDer(der, what), what);
  const [, , , attributes] = readSequence(info, what);
  return expectTag(attributes, contextTag(0, true), what)
    .children()
    .map((attribute) => readOid(readSequence(attribute, what)[0], what));
}
