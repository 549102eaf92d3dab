import { defineIssuer, limitsSpec } from "@countersign/issuer-core";
import { venafiIssuer } from "@countersign/issuer-venafi";

/** An issuer that has Venafi TPP or the SaaS issue. `spec.venafi` is that of cert-manager's own Venafi issuer. */
export const venafi = defineIssuer({
  group: "venafi.countersign.dev",
  version: "v1alpha1",
  kinds: { namespaced: "VenafiIssuer", cluster: "VenafiClusterIssuer" },
  ...venafiIssuer,
  spec: venafiIssuer.spec.extend({ limits: limitsSpec() }),
  limits: ({ limits }) => limits,
});
