import type { ConfigMapKeyRef, SecretRefs } from "@countersign/issuer-signer";
import type { Pkcs11Spec } from "./spec.ts";

/** Name of the PIN of one token among the Secret values. */
export function pinName(index: number): string {
  return `pin${index}`;
}

/** The Secrets of a spec: the CA certificate and a PIN for each token. */
export function secretRefs({ tokens, pinSecretRef, certificate }: Pkcs11Spec): SecretRefs {
  const pins = tokens.map((token, i) => [pinName(i), token.pinSecretRef ?? pinSecretRef] as const);
  return { certificate: certificate.secretRef, ...Object.fromEntries(pins) };
}

/** The ConfigMap of a spec. */
export function configMapRefs({ certificate }: Pkcs11Spec): {
  readonly certificate: ConfigMapKeyRef | undefined;
} {
  return { certificate: certificate.configMapRef };
}
