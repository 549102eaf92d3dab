import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type AdminShell, startAdminShell } from "./admin-shell.ts";
import type { ControlPlane } from "./control-plane.ts";
import type { Vault } from "./vault.ts";
import { withoutVaultVariables } from "./vault-node.ts";

/** What {@link vaultShell} needs. */
export interface VaultShellOptions {
  readonly vault: Vault;
  /** Without it there is no kubectl. */
  readonly controlPlane?: ControlPlane;
  readonly directory: string;
  /** Name under which Vault's client is found. */
  readonly client: "vault" | "bao";
}

/** The shell of somebody who administers a Vault and a cluster: both clients, logged in as administrator. */
export async function vaultShell(options: VaultShellOptions): Promise<AdminShell> {
  const { vault, controlPlane, directory, client } = options;
  const caFile = join(directory, "vault-server-ca.pem");
  if (vault.caPem !== undefined) await writeFile(caFile, vault.caPem);
  return startAdminShell({
    directory,
    commands: {
      [client]: vault.command,
      ...(controlPlane ? { kubectl: controlPlane.kubectlPath } : {}),
    },
    env: {
      ...withoutVaultVariables(process.env),
      VAULT_ADDR: vault.address,
      VAULT_TOKEN: vault.rootToken,
      ...(vault.caPem === undefined ? {} : { VAULT_CACERT: caFile }),
      ...(controlPlane ? { KUBECONFIG: controlPlane.kubeconfigPath } : {}),
    },
  });
}
