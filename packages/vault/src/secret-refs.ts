import type { ConfigMapKeyRef, SecretKeyRef } from "@countersign/issuer-signer";
import type { VaultSpec } from "./spec.ts";

/** The Secret values of an issuer, by the names that `connect` gets them under. */
export function secretRefs({ vault }: { readonly vault: VaultSpec }) {
  const { tokenSecretRef, appRole, clientCertificate, kubernetes, jwt } = vault.auth;
  const pair = (key: string): SecretKeyRef | undefined =>
    clientCertificate?.secretName === undefined ? undefined : { name: clientCertificate.secretName, key };
  return {
    caBundle: vault.caBundleSecretRef,
    clientCert: vault.clientCertSecretRef,
    clientKey: vault.clientKeySecretRef,
    token: tokenSecretRef,
    roleId: appRole?.roleIdRef,
    secretId: appRole?.secretRef,
    jwt: kubernetes?.secretRef ?? jwt?.secretRef,
    loginCert: pair("tls.crt"),
    loginKey: pair("tls.key"),
  };
}

/** The values of ConfigMaps, likewise. */
export function configMapRefs({ vault }: { readonly vault: VaultSpec }): {
  readonly caBundle: ConfigMapKeyRef | undefined;
} {
  return { caBundle: vault.caBundleConfigMapRef };
}
