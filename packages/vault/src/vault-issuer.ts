import { issuerFragment } from "@countersign/issuer-signer/spec";
import { z } from "zod";
import { connectVault } from "./connect-vault.ts";
import { configMapRefs, secretRefs } from "./secret-refs.ts";
import { vaultSpec } from "./spec.ts";

/**
 * An issuer for HashiCorp Vault and OpenBao without the names of its kinds, which `defineIssuer` of
 * `@countersign/issuer-core` wants. Its `spec` is that of cert-manager's own Vault issuer: `spec.vault`.
 *
 * ```ts
 * const vault = defineIssuer({ group, version: "v1alpha1", kinds: { namespaced: "VaultIssuer" }, ...vaultIssuer });
 * ```
 */
export const vaultIssuer = issuerFragment({
  spec: z.object({ vault: vaultSpec }),
  secrets: secretRefs,
  configMaps: configMapRefs,
  requestsTokens: true,
  connect: (context) => connectVault(context),
});
