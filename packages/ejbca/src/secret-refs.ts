import type { ConfigMapKeyRef, SecretKeyRef } from "@countersign/issuer-signer";
import type { EjbcaSpec } from "./spec.ts";

/** References to the Secret values of an issuer: what its spec names. */
export type EjbcaSecretRefs = {
  readonly caBundle: SecretKeyRef | undefined;
  readonly clientCert: SecretKeyRef | undefined;
  readonly clientKey: SecretKeyRef | undefined;
  readonly clientId: SecretKeyRef | undefined;
  readonly clientSecret: SecretKeyRef | undefined;
  /** CAs of the OAuth2 server. */
  readonly tokenCaBundle: SecretKeyRef | undefined;
  readonly enrollmentCode: SecretKeyRef | undefined;
};

/** References to values of ConfigMaps, likewise. */
export type EjbcaConfigMapRefs = {
  readonly caBundle: ConfigMapKeyRef | undefined;
  readonly tokenCaBundle: ConfigMapKeyRef | undefined;
};

/** The Secret values of an issuer, by the names that `connect` gets them under. */
export function secretRefs({ ejbca: spec }: { readonly ejbca: EjbcaSpec }): EjbcaSecretRefs {
  const { clientCertificate, oauth2 } = spec.auth;
  const pair = (key: string): SecretKeyRef | undefined =>
    clientCertificate === undefined ? undefined : { name: clientCertificate.secretName, key };
  return {
    caBundle: spec.caBundleSecretRef,
    clientCert: pair("tls.crt"),
    clientKey: pair("tls.key"),
    clientId: oauth2?.clientIdRef,
    clientSecret: oauth2?.clientSecretRef,
    tokenCaBundle: oauth2?.caBundleSecretRef,
    enrollmentCode: spec.enrollmentCodeSecretRef,
  };
}

/** The values of ConfigMaps, likewise. */
export function configMapRefs({ ejbca }: { readonly ejbca: EjbcaSpec }): EjbcaConfigMapRefs {
  return {
    caBundle: ejbca.caBundleConfigMapRef,
    tokenCaBundle: ejbca.auth.oauth2?.caBundleConfigMapRef,
  };
}
