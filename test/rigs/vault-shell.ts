import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ControlPlane } from "./control-plane.ts";
import { runShell, type ShellResult } from "./run-shell.ts";
import type { Vault } from "./vault.ts";
import { withoutVaultVariables } from "./vault-node.ts";

const ROOT = join(import.meta.dirname, "../..");

/** The shell of somebody who administers a Vault and a cluster. */
export interface AdminShell {
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
  /** Runs a script in the folder; `env` comes on top. One that runs for 120 s is killed. */
  run(
    script: string,
    env?: Readonly<Record<string, string>>,
    ...args: readonly string[]
  ): Promise<ShellResult>;
}

/** What an {@link AdminShell} needs. */
export interface AdminShellOptions {
  readonly vault: Vault;
  /** Without it there is no kubectl. */
  readonly controlPlane?: ControlPlane;
  /** Working folder of the scripts. The clients are put in its `bin`, and it looks like a checkout. */
  readonly directory: string;
  /** Name under which Vault's client is found. */
  readonly client: "vault" | "bao";
}

/** Puts the clients on PATH, logged in as administrator. */
export async function adminShell(options: AdminShellOptions): Promise<AdminShell> {
  const { vault, controlPlane, directory, client } = options;
  const bin = join(directory, "bin");
  await mkdir(bin);
  await symlink(vault.command, join(bin, client));
  if (controlPlane) await symlink(controlPlane.kubectlPath, join(bin, "kubectl"));
  for (const folder of ["examples", "packages"]) await symlink(join(ROOT, folder), join(directory, folder));
  const caFile = join(directory, "vault-server-ca.pem");
  if (vault.caPem !== undefined) await writeFile(caFile, vault.caPem);
  const base = {
    ...withoutVaultVariables(process.env),
    PATH: `${bin}:${process.env.PATH}`,
    // The client keeps a token there.
    HOME: directory,
    VAULT_ADDR: vault.address,
    VAULT_TOKEN: vault.rootToken,
    ...(vault.caPem === undefined ? {} : { VAULT_CACERT: caFile }),
    ...(controlPlane ? { KUBECONFIG: controlPlane.kubeconfigPath } : {}),
  };
  return {
    directory,
    env: base,
    run: (script, env = {}, ...args) => runShell(script, { directory, env: { ...base, ...env }, args }),
  };
}
