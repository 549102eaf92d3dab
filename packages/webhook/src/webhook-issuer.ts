import { issuerFragment } from "@countersign/issuer-signer/spec";
import { z } from "zod";
import { connectWebhook } from "./connect-webhook.ts";
import { configMapRefs, secretRefs } from "./secret-refs.ts";
import { webhookSpec } from "./spec.ts";

/**
 * An issuer for any service that signs CSRs at `POST /sign`, without the names of its kinds, which `defineIssuer` of
 * `@countersign/issuer-core` wants. Its spec is {@link webhookSpec} under `spec.webhook`.
 *
 * ```ts
 * const webhook = defineIssuer({ group, version: "v1alpha1", kinds: { namespaced: "WebhookIssuer" }, ...webhookIssuer });
 * ```
 */
export const webhookIssuer = issuerFragment({
  spec: z.object({ webhook: webhookSpec }),
  secrets: secretRefs,
  configMaps: configMapRefs,
  requestsTokens: true,
  operation: z.object({ pollUrl: z.string().optional() }),
  connect: connectWebhook,
});
