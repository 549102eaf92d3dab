import { BadCertificateError } from "../errors.ts";
import { parseCertificate, type X509 } from "./certificate.ts";
import { decodePem, pemLimits } from "./pem.ts";
import { Refusal, translateRefusal } from "./refusal.ts";

/**
 * Reads the certificates of a PKCS#7 / CMS SignedData (RFC 5652 §5.1), as AD CS, EJBCA and EST answer: PEM (`PKCS7` or
 * `CMS` block), or BER, at most 330,000 bytes. The envelope may be BER, as many writers make it, so asn1js opens it
 * (loaded on the first call); each certificate in it must be strict DER. The envelope's signatures are not looked at:
 * in these answers there are none. Throws a {@link BadCertificateError}.
 */
export async function parsePkcs7Certificates(input: string | Uint8Array): Promise<X509[]> {
  const { readSignedDataCertificates } = await import("./signed-data.ts");
  return translateRefusal(
    BadCertificateError,
    "PKCS#7 refused",
    "have the PKI answer with PKCS#7 or PEM",
    () => {
      const certificates = readSignedDataCertificates(envelope(input));
      if (certificates.length === 0) throw new Refusal("there is no certificate in it");
      return certificates.map(parseCertificate);
    },
  );
}

function envelope(input: string | Uint8Array): Uint8Array {
  if (typeof input !== "string" && input[0] === 0x30) {
    if (input.length > pemLimits.bundle)
      throw new Refusal(`it has ${input.length} bytes; at most ${pemLimits.bundle} are read`);
    return input;
  }
  const blocks = decodePem(input, { limit: pemLimits.bundle, allowText: true });
  const [block, ...rest] = blocks;
  if (block === undefined || rest.length > 0)
    throw new Refusal(`there are ${blocks.length} PEM blocks, not one`);
  if (block.label !== "PKCS7" && block.label !== "CMS")
    throw new Refusal(`the PEM block is a ${block.label}`);
  return block.der;
}
