import { createHash } from "node:crypto";
import { contextTag, readDer, readOctetAlignedBits, readSequence } from "./der-reader.ts";
import { der, derBitString, derSequence, derSmallInteger, derTime, derUnsigned } from "./der-writer.ts";
import { encodeSignatureAlgorithm, type SignatureAlgorithm } from "./signature-algorithm.ts";

/** The fields of a version 3 TBSCertificate (RFC 5280 §4.1.2), each already decided. */
export interface TbsCertificate {
  /** Positive, at most 20 octets, most significant first. */
  readonly serial: Uint8Array;
  readonly signatureAlgorithm: SignatureAlgorithm;
  /** Name, encoded. */
  readonly issuerDer: Uint8Array;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Name, encoded. */
  readonly subjectDer: Uint8Array;
  readonly spkiDer: Uint8Array;
  /** Encoded Extensions, in order. */
  readonly extensions: readonly Uint8Array[];
}

/** Encodes a TBSCertificate: the bytes to be signed. Throws a TypeError for a serial number out of range. */
export function encodeTbsCertificate(tbs: TbsCertificate): Uint8Array {
  if (
    tbs.serial.length > 20 ||
    tbs.serial.every((octet) => octet === 0) ||
    (tbs.serial.length === 20 && ((tbs.serial[0] ?? 0) & 0x80) !== 0)
  )
    throw new TypeError("serial: expected a positive number of at most 20 octets");
  return derSequence(
    der(contextTag(0, true), derSmallInteger(2)),
    derUnsigned(tbs.serial),
    encodeSignatureAlgorithm(tbs.signatureAlgorithm),
    tbs.issuerDer,
    derSequence(derTime(tbs.notBefore), derTime(tbs.notAfter)),
    tbs.subjectDer,
    tbs.spkiDer,
    der(contextTag(3, true), derSequence(...tbs.extensions)),
  );
}

/** Puts the signature on: the DER of the certificate. */
export function encodeCertificate(
  tbsDer: Uint8Array,
  algorithm: SignatureAlgorithm,
  signature: Uint8Array,
): Uint8Array {
  return derSequence(tbsDer, encodeSignatureAlgorithm(algorithm), derBitString(signature));
}

/** The key identifier of RFC 5280 §4.2.1.2 method 1: SHA-1 of the key's bits. A name for the key, not a security measure. */
export function keyIdentifier(spkiDer: Uint8Array): Uint8Array {
  const what = "the public key";
  const keyBits = readOctetAlignedBits(readSequence(readDer(spkiDer, what), what)[1], what);
  return createHash("sha1").update(keyBits).digest();
}
