import { BadCertificateError } from "../errors.ts";
import { toHex } from "./bytes.ts";
import { type CaSigner, spkiOf } from "./ca-signer.ts";
import { parseCertificate, type X509 } from "./certificate.ts";
import { derOctetString } from "./der-writer.ts";
import { encodeName, type SubjectAttribute } from "./encode-name.ts";
import {
  encodeAuthorityKeyIdentifier,
  encodeBasicConstraints,
  encodeExtension,
  encodeKeyUsage,
} from "./extensions.ts";
import { oids } from "./oid.ts";
import { deterministicSerial } from "./serial.ts";
import { encodeCertificate, encodeTbsCertificate, keyIdentifier } from "./tbs-certificate.ts";

/** What {@link selfSignCa} needs. */
export interface SelfSignCaOptions {
  /** The CA's key: in memory, in an HSM, behind a service. */
  readonly signer: CaSigner;
  /** In the order of the encoding, the country first by custom. */
  readonly subject: readonly SubjectAttribute[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** CA certificates that may follow below it; no limit by default. */
  readonly pathLength?: number | undefined;
}

/**
 * The self-signed certificate of a root CA. Its serial number follows from key and validity, so that a repeated ceremony is
 * recognised. Throws a {@link BadCertificateError} where the signer's signature does not verify with its own public key.
 */
export async function selfSignCa(options: SelfSignCaOptions): Promise<X509> {
  const { signer } = options;
  const tbs = encodeSelfSignedTbs(options);
  const certificate = parseCertificate(encodeCertificate(tbs, signer.algorithm, await signer.sign(tbs)));
  if (!certificate.isSelfSigned)
    throw new BadCertificateError("the signer's signature does not verify with its own public key");
  return certificate;
}

/** The bytes that a root CA signs. */
export function encodeSelfSignedTbs(options: SelfSignCaOptions): Uint8Array {
  const { signer, subject, notBefore, notAfter, pathLength } = options;
  const spkiDer = spkiOf(signer.publicKey);
  const name = encodeName(subject);
  const keyId = keyIdentifier(spkiDer);
  return encodeTbsCertificate({
    serial: deterministicSerial(`${toHex(spkiDer)} ${notBefore.toISOString()} ${notAfter.toISOString()}`),
    signatureAlgorithm: signer.algorithm,
    issuerDer: name,
    notBefore,
    notAfter,
    subjectDer: name,
    spkiDer,
    extensions: [
      encodeExtension(oids.keyUsage, true, encodeKeyUsage(["cert sign", "crl sign"])),
      encodeExtension(oids.basicConstraints, true, encodeBasicConstraints({ isCA: true, pathLength })),
      encodeExtension(oids.subjectKeyIdentifier, false, derOctetString(keyId)),
      encodeExtension(oids.authorityKeyIdentifier, false, encodeAuthorityKeyIdentifier(keyId)),
    ],
  });
}
