/**
 * A backend for any service that signs CSRs over HTTP: the fragment of an issuer that `defineIssuer` of
 * `@countersign/issuer-core` takes, and its `spec.webhook`.
 *
 * @module
 */
export { connectWebhook, type WebhookContext } from "./connect-webhook.ts";
export type { WebhookConfigMapRefs, WebhookSecretRefs } from "./secret-refs.ts";
export type { WebhookOperation } from "./signer.ts";
export { type WebhookRequestSpec, type WebhookResponseSpec, type WebhookSpec, webhookSpec } from "./spec.ts";
export { webhookIssuer } from "./webhook-issuer.ts";
