import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type MarkdownBlock, markdownBlocks } from "../tools/markdown-blocks.ts";
import { startCertManager } from "./cert-manager.ts";
import { type ControlPlane, startControlPlane } from "./control-plane.ts";
import { logTail, type ServerProcess, startServer } from "./server-process.ts";
import { startVault, type Vault } from "./vault.ts";
import type { VaultFlavour } from "./vault-node.ts";
import { type AdminShell, adminShell } from "./vault-shell.ts";

const ROOT = join(import.meta.dirname, "../..");

/** All blocks of a page below `docs/`, in order. */
export async function pageBlocks(page: string): Promise<readonly MarkdownBlock[]> {
  return markdownBlocks(await readFile(join(ROOT, "docs", page), "utf8"));
}

/** What the guide's reader has before the first command: a server, a cluster with cert-manager, a checkout. */
export interface GuideReader extends AsyncDisposable {
  readonly vault: Vault;
  readonly controlPlane: ControlPlane;
  readonly shell: AdminShell;
  /** Runs a block; resolves to its output. Throws with its line and output where a command fails. */
  follow(block: MarkdownBlock): Promise<string>;
  /** Starts the program of a block, in the place of the one before; `env` comes on top. */
  start(block: MarkdownBlock, env?: Readonly<Record<string, string>>): Promise<void>;
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
    const shell = await adminShell({ vault, controlPlane, directory, client: "vault" });
    let program: ServerProcess | undefined;
    stack.defer(async () => program?.stop());
    const logPath = join(directory, "program.log");
    return {
      vault,
      controlPlane,
      shell,
      async follow(block) {
        const { code, output } = await shell.run(`set -eu\n${block.text}`);
        if (code === 0) return output;
        const log = await logTail(logPath);
        throw new Error(
          `line ${block.line} ended with ${code}:\n${block.text}\n${output}\nThe issuer's log:\n${log}`,
        );
      },
      async start(block, env = {}) {
        await program?.stop();
        const args = ["-c", `cd "$0" && exec ${block.text}`, directory];
        const options = { name: "issuer", command: "/bin/sh", args, logPath };
        program = await startServer({ ...options, env: { ...shell.env, ...env } });
      },
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}
