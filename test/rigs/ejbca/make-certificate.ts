import { createPublicKey, type KeyObject } from "node:crypto";
import { softwareCaSigner } from "@countersign/issuer-core";
import { contextTag } from "../../../packages/signer/src/x509/der-reader.ts";
import { der, derOctetString, derSequence } from "../../../packages/signer/src/x509/der-writer.ts";
import { encodeName } from "../../../packages/signer/src/x509/encode-name.ts";
import {
  encodeAuthorityKeyIdentifier,
  encodeBasicConstraints,
  encodeExtendedKeyUsage,
  encodeExtension,
  encodeKeyUsage,
} from "../../../packages/signer/src/x509/extensions.ts";
import { oids } from "../../../packages/signer/src/x509/oid.ts";
import {
  encodeCertificate,
  encodeTbsCertificate,
  keyIdentifier,
} from "../../../packages/signer/src/x509/tbs-certificate.ts";
import type { SanName } from "./certificate-request.ts";
import type { DnPart } from "./distinguished-name.ts";

/** Whose key signs. */
export interface CertificateIssuer {
  readonly dn: readonly DnPart[];
  readonly key: KeyObject;
}

/** Everything in a certificate, already decided. */
export interface CertificateContent {
  readonly issuer: CertificateIssuer;
  readonly serial: Uint8Array;
  readonly subject: readonly DnPart[];
  readonly spkiDer: Uint8Array;
  readonly names?: readonly SanName[] | undefined;
  readonly isCA?: boolean | undefined;
  readonly keyUsage: readonly string[];
  readonly extendedKeyUsage?: readonly string[] | undefined;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/**
 * The DER of a certificate as EJBCA lays it out: extensions in its order, the SAN never critical, also where the subject is
 * empty. The toolkit's own `buildCertificate` refuses half of what EJBCA issues, so only its encoders are used.
 */
export function makeCertificate(content: CertificateContent): Uint8Array {
  const { issuer, names = [], extendedKeyUsage = [], isCA = false, spkiDer, keyUsage, ...rest } = content;
  const signer = softwareCaSigner(issuer.key);
  const issuerSpki = createPublicKey(issuer.key).export({ type: "spki", format: "der" });
  const extensions = [
    encodeExtension(oids.basicConstraints, true, encodeBasicConstraints({ isCA, pathLength: undefined })),
    encodeExtension(
      oids.authorityKeyIdentifier,
      false,
      encodeAuthorityKeyIdentifier(keyIdentifier(issuerSpki)),
    ),
    ...(names.length === 0 ? [] : [encodeExtension(oids.subjectAltName, false, encodeNames(names))]),
    ...(extendedKeyUsage.length === 0
      ? []
      : [encodeExtension(oids.extendedKeyUsage, false, encodeExtendedKeyUsage(extendedKeyUsage))]),
    encodeExtension(oids.subjectKeyIdentifier, false, derOctetString(keyIdentifier(spkiDer))),
    encodeExtension(oids.keyUsage, true, encodeKeyUsage(keyUsage)),
  ];
  const tbs = encodeTbsCertificate({
    serial: rest.serial,
    signatureAlgorithm: signer.algorithm,
    issuerDer: encodeName(issuer.dn),
    notBefore: rest.notBefore,
    notAfter: rest.notAfter,
    subjectDer: encodeName(rest.subject),
    spkiDer,
    extensions,
  });
  return encodeCertificate(tbs, signer.algorithm, signer.sign(tbs) as Uint8Array);
}

function encodeNames(names: readonly SanName[]): Uint8Array {
  return derSequence(...names.map(({ tag, value }) => der(tag, value)));
}

/** A DNS name and the loopback address, for the servers' own certificates. */
export const localNames: readonly SanName[] = Object.freeze([
  { field: "DNSNAME", tag: contextTag(2, false), value: Buffer.from("localhost") },
  { field: "IPADDRESS", tag: contextTag(7, false), value: Uint8Array.of(127, 0, 0, 1) },
]);
