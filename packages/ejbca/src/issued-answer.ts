import {
  BadCertificateError,
  type CertificateCache,
  parseCertificate,
  parseCertificates,
  parsePkcs7Certificates,
  type X509,
} from "@countersign/issuer-signer";

/** Longest text of a certificate in an answer, in characters: a certificate of 24 KiB, encoded twice. */
const maxTextLength = 65_536;

/**
 * Reads one certificate of an answer: base64 of DER (enrolment), of the base64 of DER (search), of PEM with text around it
 * (finalize), or PEM or a PKCS#7 itself, whose first certificate it is.
 *
 * @throws BadCertificateError
 */
export async function readCertificateText(text: unknown): Promise<X509> {
  if (typeof text !== "string" || text === "" || text.length > maxTextLength)
    throw new BadCertificateError("EJBCA's answer has no certificate where one should be; check its version");
  let bytes: Buffer = Buffer.from(text, "latin1");
  for (let depth = 0; depth < 3 && isBase64(bytes); depth += 1)
    bytes = Buffer.from(bytes.toString("latin1"), "base64");
  if (bytes.includes("-----BEGIN CERTIFICATE-----")) {
    const [first] = parseCertificates(bytes.toString("latin1"));
    if (first !== undefined) return first;
  }
  if (isPkcs7(bytes)) {
    const [first] = await parsePkcs7Certificates(bytes);
    if (first !== undefined) return first;
  }
  return parseCertificate(bytes);
}

/** Reads the CAs of an answer: the issuing one first, as PEM in the order of the answer. */
export async function readChain(chain: unknown, cache: CertificateCache): Promise<readonly X509[]> {
  if (!Array.isArray(chain)) return [];
  const certificates: X509[] = [];
  for (const text of chain.slice(0, 16)) {
    const certificate = await readCertificateText(text);
    certificates.push(cache.read(certificate.der, () => certificate));
  }
  return certificates;
}

/** DER begins with 0x30, which is the digit 0 in base64, but its second octet is no letter of base64 for any certificate. */
function isBase64(bytes: Buffer): boolean {
  return bytes.length > 0 && /^[A-Za-z0-9+/\r\n]+={0,2}[\r\n]*$/.test(bytes.toString("latin1"));
}

/** The OID of SignedData (RFC 5652 §5.1) stands where a certificate has its first SEQUENCE. */
function isPkcs7(bytes: Buffer): boolean {
  return bytes[0] === 0x30 && bytes.subarray(0, 24).includes(Buffer.from("06092a864886f70d010702", "hex"));
}
