import {
  asBytes,
  type ConfigMapKeyRef,
  type SecretBytesRef,
  type SecretKeyRef,
} from "@countersign/issuer-signer";
import type { AdcsSpec } from "./spec.ts";

/** References to the Secret values of an issuer: what its spec names. */
export type AdcsSecretRefs = {
  readonly caBundle: SecretKeyRef | undefined;
  readonly username: SecretKeyRef | undefined;
  readonly password: SecretKeyRef | undefined;
  readonly keytab: SecretBytesRef | undefined;
};

/** References to values of ConfigMaps, likewise. */
export type AdcsConfigMapRefs = {
  readonly caBundle: ConfigMapKeyRef | undefined;
};

/** The Secret values of an issuer, by the names that `connect` gets them under. */
export function secretRefs({ adcs }: { readonly adcs: AdcsSpec }): AdcsSecretRefs {
  const { kerberos, ntlm, basic } = adcs.auth;
  const account = kerberos ?? ntlm ?? basic;
  return {
    caBundle: adcs.caBundleSecretRef,
    username: account?.usernameSecretRef,
    password: account?.passwordSecretRef,
    keytab: asBytes(kerberos?.keytabSecretRef),
  };
}

/** The values of ConfigMaps, likewise. */
export function configMapRefs({ adcs }: { readonly adcs: AdcsSpec }): AdcsConfigMapRefs {
  return { caBundle: adcs.caBundleConfigMapRef };
}
