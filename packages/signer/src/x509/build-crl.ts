import { BadCertificateError, IssuerError } from "../errors.ts";
import { toHex } from "./bytes.ts";
import type { CaSigner } from "./ca-signer.ts";
import type { X509 } from "./certificate.ts";
import { contextTag, tags } from "./der-reader.ts";
import { der, derBitString, derSequence, derSmallInteger, derTime, derUnsigned } from "./der-writer.ts";
import { encodeAuthorityKeyIdentifier, encodeExtension } from "./extensions.ts";
import { oids } from "./oid.ts";
import { encodePem } from "./pem.ts";
import { encodeSignatureAlgorithm, schemeOf, verifySignature } from "./signature-algorithm.ts";
import { keyIdentifier } from "./tbs-certificate.ts";

/** CRLReason of RFC 5280 §5.3.1; `unspecified` is written by leaving the reason out. */
export const revocationReasons = Object.freeze({
  unspecified: 0,
  keyCompromise: 1,
  cACompromise: 2,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  certificateHold: 6,
  privilegeWithdrawn: 9,
  aACompromise: 10,
});

/** Name of a {@link revocationReasons | reason}. */
export type RevocationReason = keyof typeof revocationReasons;

/** One certificate that is no longer to be trusted. */
export interface RevokedCertificate {
  /** Magnitude of the serial number in hexadecimal, as `X509.serialHex` gives it. */
  readonly serialHex: string;
  readonly revokedAt: Date;
  readonly reason?: RevocationReason | undefined;
}

/** What {@link buildCrl} needs. */
export interface BuildCrlOptions {
  readonly caCertificate: X509;
  readonly signer: CaSigner;
  /** CRLNumber: must grow with every list of this CA. */
  readonly number: number;
  readonly thisUpdate: Date;
  /** Verifiers refuse the list from then on: publish the next one before. */
  readonly nextUpdate: Date;
  readonly revoked: readonly RevokedCertificate[];
}

/** A certificate revocation list. */
export interface Crl {
  readonly der: Uint8Array;
  /** One X509 CRL block. */
  readonly pem: string;
}

/**
 * Makes a complete version 2 CRL (RFC 5280 §5) with authority key identifier and CRL number. The signature is verified with
 * the CA certificate before the list is returned. Throws an {@link IssuerError} where the CA may not sign CRLs, a
 * {@link BadCertificateError} where the signature does not verify, a TypeError for a malformed or repeated serial number.
 */
export async function buildCrl(options: BuildCrlOptions): Promise<Crl> {
  const { caCertificate, signer, number, thisUpdate, nextUpdate, revoked } = options;
  if (!caCertificate.isCA || caCertificate.keyUsage?.includes("crl sign") === false)
    throw new IssuerError("the CA certificate may not sign CRLs; use one whose key usage has crl sign");
  if (!Number.isSafeInteger(number) || number < 0)
    throw new TypeError(`Expected \`number\` to be a whole number, got \`${number}\``);
  if (!(nextUpdate > thisUpdate)) throw new TypeError("Expected `nextUpdate` to be after `thisUpdate`");
  const authorityKeyId =
    caCertificate.skiHex === undefined
      ? keyIdentifier(caCertificate.spkiDer)
      : Buffer.from(caCertificate.skiHex, "hex");
  const algorithm = encodeSignatureAlgorithm(signer.algorithm);
  const entries = encodeEntries(revoked);
  const tbs = derSequence(
    derSmallInteger(1),
    algorithm,
    caCertificate.subjectDer,
    derTime(thisUpdate),
    derTime(nextUpdate),
    // RFC 5280 §5.1.2.6: where nothing is revoked the list is absent, not empty.
    ...(entries.length === 0 ? [] : [derSequence(...entries)]),
    der(
      contextTag(0, true),
      derSequence(
        encodeExtension(oids.authorityKeyIdentifier, false, encodeAuthorityKeyIdentifier(authorityKeyId)),
        encodeExtension(oids.crlNumber, false, derUnsigned(magnitude(number.toString(16)))),
      ),
    ),
  );
  const signature = await signer.sign(tbs);
  const { keyAlgorithm, publicKey } = caCertificate;
  if (!verifySignature(schemeOf(signer.algorithm), { algorithm: keyAlgorithm, publicKey }, tbs, signature))
    throw new BadCertificateError(
      "the signature of the CRL does not verify with the CA certificate; check that the key and the certificate belong together",
    );
  const encoded = derSequence(tbs, algorithm, derBitString(signature));
  return { der: encoded, pem: encodePem("X509 CRL", encoded) };
}

function encodeEntries(revoked: readonly RevokedCertificate[]): Uint8Array[] {
  const seen = new Set<string>();
  return revoked.map(({ serialHex, revokedAt, reason = "unspecified" }) => {
    const serial = magnitude(serialHex);
    const key = toHex(serial).replace(/^0+/, "");
    if (key === "" || serial.length > 20 || seen.has(key))
      throw new TypeError(`Expected serial numbers of 1 to 20 octets, each once, got \`${serialHex}\``);
    seen.add(key);
    const code = revocationReasons[reason];
    const reasonCode = encodeExtension(oids.crlReason, false, der(tags.enumerated, Uint8Array.of(code)));
    return derSequence(
      derUnsigned(serial),
      derTime(revokedAt),
      ...(code === 0 ? [] : [derSequence(reasonCode)]),
    );
  });
}

function magnitude(hex: string): Uint8Array {
  if (!/^[0-9a-f]+$/i.test(hex)) throw new TypeError(`Expected hexadecimal digits, got \`${hex}\``);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
}
