import { defineIssuer, limitsSpec } from "@countersign/issuer-core";
import { vaultIssuer } from "@countersign/issuer-vault";

/** An issuer that has Vault or OpenBao sign. `spec.vault` is that of cert-manager's own Vault issuer. */
export const vault = defineIssuer({
  group: "vault.countersign.dev",
  version: "v1alpha1",
  kinds: { namespaced: "VaultIssuer", cluster: "VaultClusterIssuer" },
  ...vaultIssuer,
  spec: vaultIssuer.spec.extend({ limits: limitsSpec() }),
  limits: ({ limits }) => limits,
});
