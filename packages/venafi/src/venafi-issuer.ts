import { issuerFragment } from "@countersign/issuer-signer/spec";
import { z } from "zod";
import { connectVenafi } from "./connect-venafi.ts";
import { venafiOperation } from "./operation.ts";
import { configMapRefs, savedSecrets, secretRefs } from "./secret-refs.ts";
import { venafiSpec } from "./spec.ts";

/**
 * An issuer for Venafi TPP and the SaaS without the names of its kinds, which `defineIssuer` of `@countersign/issuer-core`
 * wants. Its `spec` is that of cert-manager's own Venafi issuer: `spec.venafi`.
 *
 * ```ts
 * const venafi = defineIssuer({ group, version: "v1alpha1", kinds: { namespaced: "VenafiIssuer" }, ...venafiIssuer });
 * ```
 */
export const venafiIssuer = issuerFragment({
  spec: z.object({ venafi: venafiSpec }),
  secrets: secretRefs,
  configMaps: configMapRefs,
  requestsTokens: true,
  savesCredentials: savedSecrets,
  operation: venafiOperation,
  connect: (context) => connectVenafi(context),
});
