import { defineIssuer, limitsSpec } from "@countersign/issuer-core";
import { ejbcaIssuer } from "@countersign/issuer-ejbca";

/** An issuer that has EJBCA sign; `spec.ejbca` says how. */
export const ejbca = defineIssuer({
  group: "ejbca.countersign.dev",
  version: "v1alpha1",
  kinds: { namespaced: "EJBCAIssuer", cluster: "EJBCAClusterIssuer" },
  ...ejbcaIssuer,
  spec: ejbcaIssuer.spec.extend({ limits: limitsSpec() }),
  limits: ({ limits }) => limits,
});
