import type { ConfigMapKeyRef, SecretKeyRef } from "@countersign/issuer-signer";
import type { VaultSpec } from "./spec.ts";

/** References to the Secret values of an issuer: what its spec names. */
export type VaultSecretRefs = {
  readonly caBundle: SecretKeyRef | undefined;
  /** Client certificate and key of every connection. */
  readonly clientCert: SecretKeyRef | undefined;
  readonly clientKey: SecretKeyRef | undefined;
  readonly token: SecretKeyRef | undefined;
  readonly roleId: SecretKeyRef | undefined;
  readonly secretId: SecretKeyRef | undefined;
  readonly jwt: SecretKeyRef | undefined;
  /** Client certificate and key of the login alone. */
  readonly loginCert: SecretKeyRef | undefined;
  readonly loginKey: SecretKeyRef | undefined;
};

/** References to values of ConfigMaps, likewise. */
export type VaultConfigMapRefs = {
  readonly caBundle: ConfigMapKeyRef | undefined;
};

/** The Secret values of an issuer, by the names that `connect` gets them under. */
export function secretRefs({ vault }: { readonly vault: VaultSpec }): VaultSecretRefs {
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
export function configMapRefs({ vault }: { readonly vault: VaultSpec }): VaultConfigMapRefs {
  return { caBundle: vault.caBundleConfigMapRef };
}
