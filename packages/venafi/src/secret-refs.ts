import type { ConfigMapKeyRef, SecretKeyRef } from "@countersign/issuer-signer";
import type { VenafiSpec } from "./spec.ts";

/** A key that the Secret of `tpp.credentialsRef` may have. */
export type OptionalKey = SecretKeyRef & { readonly optional: true };

/** References to the Secret values of an issuer: what its spec names. */
export type VenafiSecretRefs = {
  readonly caBundle: SecretKeyRef | undefined;
  readonly accessToken: OptionalKey | undefined;
  readonly refreshToken: OptionalKey | undefined;
  readonly username: OptionalKey | undefined;
  readonly password: OptionalKey | undefined;
  readonly clientId: OptionalKey | undefined;
  readonly clientCert: OptionalKey | undefined;
  readonly clientKey: OptionalKey | undefined;
  readonly jwt: SecretKeyRef | undefined;
  readonly apiKey: SecretKeyRef | undefined;
};

/** References to values of ConfigMaps, likewise. */
export type VenafiConfigMapRefs = {
  readonly caBundle: ConfigMapKeyRef | undefined;
};

/** Which of the Secret values the signer writes: TPP's refresh token works once, and the access token that came with it. */
export const savedSecrets = Object.freeze(["refreshToken", "accessToken"] as const);

/** The Secret values of an issuer, by the names that `connect` gets them under. */
export function secretRefs({ venafi }: { readonly venafi: VenafiSpec }): VenafiSecretRefs {
  const { tpp, cloud } = venafi;
  const secret = tpp?.credentialsRef?.name;
  const credential = (key: string): OptionalKey | undefined =>
    secret === undefined ? undefined : { name: secret, key, optional: true };
  return {
    caBundle: tpp?.caBundleSecretRef ?? cloud?.caBundleSecretRef,
    accessToken: credential("access-token"),
    refreshToken: credential("refresh-token"),
    username: credential("username"),
    password: credential("password"),
    clientId: credential("client-id"),
    clientCert: credential("tls.crt"),
    clientKey: credential("tls.key"),
    jwt: credential("jwt") ?? cloud?.serviceAccount?.jwtSecretRef,
    apiKey: cloud?.apiTokenSecretRef,
  };
}

/** The values of ConfigMaps, likewise. */
export function configMapRefs({ venafi }: { readonly venafi: VenafiSpec }): VenafiConfigMapRefs {
  return { caBundle: venafi.tpp?.caBundleConfigMapRef ?? venafi.cloud?.caBundleConfigMapRef };
}
