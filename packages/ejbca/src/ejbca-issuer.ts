import { issuerFragment } from "@countersign/issuer-signer/spec";
import { z } from "zod";
import { connectEjbca } from "./connect-ejbca.ts";
import { configMapRefs, secretRefs } from "./secret-refs.ts";
import { ejbcaSpec } from "./spec.ts";

/**
 * An issuer for EJBCA without the names of its kinds, which `defineIssuer` of `@countersign/issuer-core` wants. Its
 * `spec` is `spec.ejbca`.
 *
 * ```ts
 * const ejbca = defineIssuer({ group, version: "v1alpha1", kinds: { namespaced: "EJBCAIssuer" }, ...ejbcaIssuer });
 * ```
 */
export const ejbcaIssuer = issuerFragment({
  spec: z.object({ ejbca: ejbcaSpec }),
  secrets: secretRefs,
  configMaps: configMapRefs,
  connect: (context) => connectEjbca(context),
});
