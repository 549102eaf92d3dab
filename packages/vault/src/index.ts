/**
 * A backend for HashiCorp Vault and OpenBao: the fragment of an issuer that `defineIssuer` of `@countersign/issuer-core`
 * takes, and its `spec.vault`.
 *
 * @module
 */
export { type ConnectVaultOptions, connectVault, type VaultContext } from "./connect-vault.ts";
export type { VaultConfigMapRefs, VaultSecretRefs } from "./secret-refs.ts";
export { type VaultSpec, vaultSpec } from "./spec.ts";
export { vaultIssuer } from "./vault-issuer.ts";
