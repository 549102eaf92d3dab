import { defineIssuer, limitsSpec } from "@countersign/issuer-core";
import { webhookIssuer } from "@countersign/issuer-webhook";

/** An issuer that has any service sign which takes CSRs at `POST /sign`. */
export const webhook = defineIssuer({
  group: "webhook.countersign.dev",
  version: "v1alpha1",
  kinds: { namespaced: "WebhookIssuer", cluster: "WebhookClusterIssuer" },
  ...webhookIssuer,
  spec: webhookIssuer.spec.extend({ limits: limitsSpec() }),
  limits: ({ limits }) => limits,
});
