import { createHash } from "node:crypto";
import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { buildRig } from "./build-rig.ts";
import { expectVault, type VaultEndpoint } from "./vault-request.ts";

/** The auth methods that a minimal Vault lacks, under the names that a stock Vault and OpenBao have for them. */
const PLUGINS = Object.freeze({
  kubernetes: "vault-plugin-auth-kubernetes",
  jwt: "vault-plugin-auth-jwt",
} as const);

/**
 * Puts Vault's Kubernetes and JWT auth methods into the plugin folder of every node and registers them, so that
 * `vault auth enable kubernetes` does what it does on a stock Vault. Copies: Vault refuses links out of the folder.
 */
export async function registerPlugins(
  endpoint: VaultEndpoint,
  pluginDirectories: readonly string[],
): Promise<void> {
  for (const [name, rig] of Object.entries(PLUGINS)) {
    const { path } = await buildRig(rig);
    for (const directory of pluginDirectories) await copyFile(path, join(directory, name));
    const content = await readFile(path);
    const sha256 = createHash("sha256").update(content).digest("hex");
    await expectVault(endpoint, "PUT", `sys/plugins/catalog/auth/${name}`, { sha256, command: name });
  }
}
