import { createPublicKey, type KeyObject, sign } from "node:crypto";
import { IssuerError } from "../errors.ts";
import { readDer } from "./der-reader.ts";
import { type KeyAlgorithm, readSubjectPublicKey } from "./public-key.ts";
import { translateRefusal } from "./refusal.ts";
import { paddingOf, type SignatureAlgorithm, schemeOf } from "./signature-algorithm.ts";

/** A CA key that signs, wherever it lives: in memory, in an HSM, behind a service. */
export interface CaSigner {
  readonly publicKey: KeyObject;
  /** What `sign` makes; it is written into the certificate before the signature is made. */
  readonly algorithm: SignatureAlgorithm;
  /** Signs the bytes themselves, hashing them first where the algorithm says so. ECDSA as DER, not r‖s. */
  sign(message: Uint8Array): Uint8Array | Promise<Uint8Array>;
  /** `sign` verifies each signature with `publicKey` itself, so who compares the keys need not do it again. */
  readonly verifies?: true | undefined;
}

/** Options of {@link softwareCaSigner} and {@link signatureAlgorithmForKey}. */
export interface SignatureAlgorithmOptions {
  /** Sign with RSA-PSS where an RSA key could do either. A key under id-RSASSA-PSS always does. Default false. */
  readonly pss?: boolean | undefined;
}

/**
 * cert-manager's choice of algorithm by key: RSA below 3072 bits SHA-256, below 4096 SHA-384, else SHA-512; P-256, P-384
 * and P-521 with SHA-256, 384 and 512; Ed25519 pure.
 */
export function signatureAlgorithmForKey(
  key: KeyAlgorithm,
  options: SignatureAlgorithmOptions = {},
): SignatureAlgorithm {
  switch (key.name) {
    case "RSA":
    case "RSA-PSS": {
      const family = key.name === "RSA-PSS" || options.pss === true ? "RSA-PSS" : "RSA";
      return `${family}-SHA${key.modulusLength >= 4096 ? 512 : key.modulusLength >= 3072 ? 384 : 256}`;
    }
    case "EC":
      return key.curve === "P-521" ? "ECDSA-SHA512" : key.curve === "P-384" ? "ECDSA-SHA384" : "ECDSA-SHA256";
    case "Ed25519":
      return "Ed25519";
  }
}

/** The algorithm of a public or private key, by its checked SubjectPublicKeyInfo. Throws an {@link IssuerError} for keys of other kinds. */
export function keyAlgorithmOf(key: KeyObject): KeyAlgorithm {
  return translateRefusal(IssuerError, "CA key refused", "use a supported key", () => {
    return readSubjectPublicKey(readDer(spkiOf(key), "the public key"), 2048).algorithm;
  });
}

/** The SubjectPublicKeyInfo of a public or private key. */
export function spkiOf(key: KeyObject): Uint8Array {
  const publicKey = key.type === "private" ? createPublicKey(key) : key;
  return publicKey.export({ type: "spki", format: "der" });
}

/** A {@link CaSigner} over a private key in this process. Throws an {@link IssuerError} for a key of an unsupported kind. */
export function softwareCaSigner(key: KeyObject, options: SignatureAlgorithmOptions = {}): CaSigner {
  if (key.type !== "private") throw new IssuerError(`the CA key is a ${key.type} key; give the private key`);
  const algorithm = signatureAlgorithmForKey(keyAlgorithmOf(key), options);
  const scheme = schemeOf(algorithm);
  const parameters = { key, ...paddingOf(scheme) };
  return {
    publicKey: createPublicKey(key),
    algorithm,
    sign: (message) => sign(scheme.hash, message, parameters),
  };
}
