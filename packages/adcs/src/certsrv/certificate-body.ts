import {
  BadCertificateError,
  parseCertificate,
  parsePkcs7Certificates,
  pemLimits,
  type X509,
} from "@countersign/issuer-signer";

/** The OID of SignedData (RFC 5652 §5.1), which stands where a certificate has its first SEQUENCE. */
const signedData = Buffer.from("06092a864886f70d010702", "hex");

/**
 * The bytes of a certificate or PKCS#7 in an answer of certnew.cer or certnew.p7b; undefined for a page. The media type says
 * nothing: it is text/html for clients that look like no browser. Windows writes a PKCS#7 between the lines of a certificate, too.
 */
export function certificateBytes(body: Buffer): Buffer | undefined {
  if (body[0] === 0x30 && (body[1] ?? 0) > 0x7f) return body;
  const text = body.toString("latin1").trim();
  if (text.length > pemLimits.bundle || text.startsWith("<")) return undefined;
  const base64 = text
    .replace(/^-----BEGIN [A-Z0-9 ]{1,40}-----/, "")
    .replace(/-----END [A-Z0-9 ]{1,40}-----$/, "")
    .replace(/[\r\n\t ]+/g, "");
  const bytes = Buffer.from(base64, "base64");
  return bytes[0] === 0x30 && bytes.toString("base64") === base64 ? bytes : undefined;
}

/** The certificates in such bytes: one, or those of a PKCS#7 in its order. Throws a BadCertificateError. */
export async function readCertificates(bytes: Uint8Array): Promise<readonly X509[]> {
  const isEnvelope = Buffer.from(bytes.subarray(0, 24)).includes(signedData);
  return isEnvelope ? parsePkcs7Certificates(bytes) : [parseCertificate(bytes)];
}

/** The one certificate for this key among those of the answer. Throws a BadCertificateError where there is none. */
export function certificateForKey(certificates: readonly X509[], spkiDer: Uint8Array): X509 {
  const found = certificates.find((certificate) => Buffer.from(certificate.spkiDer).equals(spkiDer));
  if (found === undefined)
    throw new BadCertificateError(
      "the CA's certificate of this request id is for another key; its database may have been restored, so look for the id at the CA",
    );
  return found;
}
