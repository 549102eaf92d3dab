import { adcsIssuer } from "@countersign/issuer-adcs";
import { defineIssuer, limitsSpec } from "@countersign/issuer-core";

const fragment = adcsIssuer();

/** Requests of one account wait for each other, and one that waits for long would run into its deadline. */
const maxConcurrentSigns = 4;

/** An issuer that has Microsoft AD CS sign by its web enrolment; `spec.adcs` says how. */
export const adcs = defineIssuer({
  group: "adcs.countersign.dev",
  version: "v1alpha1",
  kinds: { namespaced: "AdcsIssuer", cluster: "AdcsClusterIssuer" },
  ...fragment,
  spec: fragment.spec.extend({ limits: limitsSpec() }),
  limits: ({ limits }) => ({
    ...limits,
    maxConcurrentSigns: limits?.maxConcurrentSigns ?? maxConcurrentSigns,
  }),
});
