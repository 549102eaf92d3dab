import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startCertManager } from "./cert-manager.ts";
import { startControlPlane } from "./control-plane.ts";
import { type PageReader, pageReader } from "./page-reader.ts";
import { startVault, type Vault } from "./vault.ts";
import type { VaultFlavour } from "./vault-node.ts";
import { vaultShell } from "./vault-shell.ts";

/** What the guide's reader has before the first command: a server, a cluster with cert-manager, a checkout. */
export interface GuideReader extends PageReader {
  readonly vault: Vault;
}

/** Starts all of it. For OpenBao the client that the page calls `vault` is `bao`. */
export async function guideReader(flavour: VaultFlavour): Promise<GuideReader> {
  const directory = await mkdtemp(join(tmpdir(), "countersign-guide-"));
  const stack = new AsyncDisposableStack();
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  try {
    const vault = stack.use(await startVault({ flavour, tls: "server" }));
    const controlPlane = stack.use(await startControlPlane());
    stack.use(
      await startCertManager(controlPlane, { autoApprove: true, minBackoff: "1s", maxBackoff: "2s" }),
    );
    const shell = await vaultShell({ vault, controlPlane, directory, client: "vault" });
    const reader = stack.use(pageReader(shell, controlPlane));
    return { ...reader, vault, [Symbol.asyncDispose]: () => stack.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}
