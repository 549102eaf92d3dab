import type { KeyObject } from "node:crypto";
import { type DerElement, readOid, readSequence } from "./der-reader.ts";
import { oids } from "./oid.ts";
import type { KeyAlgorithm } from "./public-key.ts";
import { Refusal } from "./refusal.ts";
import { readSignatureScheme, type SignatureScheme, verifySignature } from "./signature-algorithm.ts";

/** The signature on a certificate. */
export interface X509Signature {
  /** The algorithm's name, or its dotted OID where the toolkit does not verify it. */
  readonly algorithm: string;
  /** Whether the key made it. `own` says that the key is the certificate's own. */
  verifies(
    tbs: Uint8Array,
    key: { readonly keyAlgorithm: KeyAlgorithm; readonly publicKey: KeyObject },
    own: boolean,
  ): boolean;
}

/**
 * SHA-1 counts on a certificate's signature by itself alone: it carries no trust there, and the roots of old PKIs still
 * have it. cert-manager rejects it and so takes such a root for an intermediate.
 */
const ownOnly: Readonly<Record<string, { readonly family: "RSA" | "EC"; readonly hash: "sha1" }>> =
  Object.freeze({
    [oids.sha1WithRsa]: { family: "RSA", hash: "sha1" },
    [oids.ecdsaWithSha1]: { family: "EC", hash: "sha1" },
  });

/** Reads the signature. An algorithm that the toolkit does not know is no error: it verifies with no key. */
export function readCertificateSignature(
  element: DerElement | undefined,
  signature: Uint8Array,
): X509Signature {
  const what = "the signature algorithm";
  const oid = readOid(readSequence(element, what)[0], what);
  const weak = ownOnly[oid];
  const scheme = weak === undefined ? strongScheme(element, what) : { ...weak, saltLength: undefined };
  if (scheme === undefined) return { algorithm: oid, verifies: () => false };
  return {
    algorithm: "name" in scheme ? scheme.name : oid,
    verifies: (tbs, { keyAlgorithm, publicKey }, own) =>
      (own || weak === undefined) &&
      verifySignature(scheme, { algorithm: keyAlgorithm, publicKey }, tbs, signature),
  };
}

function strongScheme(element: DerElement | undefined, what: string): SignatureScheme | undefined {
  try {
    return readSignatureScheme(element, what);
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}
