import type { ConfigMapKeyRef, SecretKeyRef } from "@countersign/issuer-signer";
import type { WebhookSpec } from "./spec.ts";

/** References to the Secret values of an issuer: what its spec names. */
export type WebhookSecretRefs = {
  readonly caBundle: SecretKeyRef | undefined;
  readonly clientCert: SecretKeyRef | undefined;
  readonly clientKey: SecretKeyRef | undefined;
  readonly token: SecretKeyRef | undefined;
  readonly username: SecretKeyRef | undefined;
  readonly password: SecretKeyRef | undefined;
};

/** References to values of ConfigMaps, likewise. */
export type WebhookConfigMapRefs = {
  readonly caBundle: ConfigMapKeyRef | undefined;
};

/** The Secret values of an issuer, by the names that `connect` gets them under. */
export function secretRefs({ webhook }: { readonly webhook: WebhookSpec }): WebhookSecretRefs {
  const { auth } = webhook;
  return {
    caBundle: webhook.caBundleSecretRef,
    clientCert: webhook.clientCertSecretRef,
    clientKey: webhook.clientKeySecretRef,
    token: auth?.tokenSecretRef,
    username: auth?.basic?.usernameSecretRef,
    password: auth?.basic?.passwordSecretRef,
  };
}

/** The values of ConfigMaps, likewise. */
export function configMapRefs({ webhook }: { readonly webhook: WebhookSpec }): WebhookConfigMapRefs {
  return { caBundle: webhook.caBundleConfigMapRef };
}
