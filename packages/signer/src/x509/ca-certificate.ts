import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { IssuerError } from "../errors.ts";
import { sameBytes } from "./bytes.ts";
import { softwareCaSigner, spkiOf } from "./ca-signer.ts";
import { maySignCertificates, parseCertificate, type X509 } from "./certificate.ts";
import type { KeyAlgorithm } from "./public-key.ts";
import { encodeSelfSignedTbs } from "./self-sign-ca.ts";
import { encodeCertificate } from "./tbs-certificate.ts";

/**
 * Checks at load that a certificate can issue: BasicConstraints CA, `cert sign`, valid now and, where the key is given,
 * that the key is its own. Throws an {@link IssuerError} that says what to change.
 */
export function assertUsableCa(
  ca: X509,
  options: { readonly now: Date; readonly key?: KeyObject | undefined },
): void {
  const refuse = (problem: string, remedy: string): never => {
    throw new IssuerError(`the CA certificate ${problem}; ${remedy}`);
  };
  if (!ca.isCA) refuse("is not a CA certificate", "use one whose basic constraints say CA:TRUE");
  if (!maySignCertificates(ca)) refuse("may not sign certificates", "use one whose key usage has cert sign");
  if (ca.notAfter < options.now) refuse(`expired ${ca.notAfter.toISOString()}`, "renew it");
  if (ca.notBefore > options.now)
    refuse(`is not valid before ${ca.notBefore.toISOString()}`, "wait or check the clock");
  if (options.key !== undefined) assertKeyMatches(options.key, ca);
}

/** Checks that a private or public key belongs to the certificate. Throws an {@link IssuerError}. */
export function assertKeyMatches(key: KeyObject, certificate: X509): void {
  if (!sameBytes(spkiOf(key), certificate.publicKey.export({ type: "spki", format: "der" })))
    throw new IssuerError("the CA key and the CA certificate do not belong together; store a matching pair");
}

/** What {@link newSelfSignedCa} needs. */
export interface NewSelfSignedCaOptions {
  readonly commonName: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Default P-256. */
  readonly keyAlgorithm?: KeyAlgorithm | undefined;
  /** CA certificates that may follow below it; no limit by default. */
  readonly pathLength?: number | undefined;
}

/** A new key with its self-signed CA certificate, for demonstrations and tests: the key is made in this process. */
export function newSelfSignedCa(options: NewSelfSignedCaOptions): {
  readonly certificate: X509;
  readonly key: KeyObject;
} {
  const key = newPrivateKey(options.keyAlgorithm ?? { name: "EC", curve: "P-256" });
  const signer = softwareCaSigner(key);
  const subject = [{ type: "CN", value: options.commonName }];
  const tbs = encodeSelfSignedTbs({ ...options, signer, subject });
  const signature = signer.sign(tbs) as Uint8Array;
  return { certificate: parseCertificate(encodeCertificate(tbs, signer.algorithm, signature)), key };
}

/** Makes a private key of the algorithm. */
export function newPrivateKey(algorithm: KeyAlgorithm): KeyObject {
  switch (algorithm.name) {
    case "RSA":
      return generateKeyPairSync("rsa", { modulusLength: algorithm.modulusLength }).privateKey;
    case "RSA-PSS":
      return generateKeyPairSync("rsa-pss", { modulusLength: algorithm.modulusLength }).privateKey;
    case "EC":
      return generateKeyPairSync("ec", { namedCurve: algorithm.curve }).privateKey;
    case "Ed25519":
      return generateKeyPairSync("ed25519").privateKey;
  }
}
