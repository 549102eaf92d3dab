import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startCertManager } from "../rigs/cert-manager.ts";
import { type ControlPlane, startControlPlane } from "../rigs/control-plane.ts";
import { runShell, type ShellResult } from "../rigs/run-shell.ts";
import { logTail, type ServerProcess, startServer } from "../rigs/server-process.ts";
import { startTpp, type Tpp } from "../rigs/venafi/start-tpp.ts";
import { startVenafiCloud, type VenafiCloud } from "../rigs/venafi/start-venafi-cloud.ts";
import type { TppPolicy } from "../rigs/venafi/tpp/policy.ts";
import { type MarkdownBlock, markdownBlocks } from "../tools/markdown-blocks.ts";

const root = join(import.meta.dirname, "../..");

/** The policy folder of the pages. */
export const zone = "Kubernetes\\Certificates";
/** What it says at first: nothing but a CA template. */
export const openPolicy: TppPolicy = { certificateAuthority: { value: "\\VED\\Policy\\CAs\\Simulator" } };

/** All blocks of a page below `docs/`, in order. */
export async function pageBlocks(page: string): Promise<readonly MarkdownBlock[]> {
  return markdownBlocks(await readFile(join(root, "docs", page), "utf8"));
}

/** What the guide's reader has before the first command: both products as simulators, a cluster with cert-manager, a checkout. */
export interface VenafiReader extends AsyncDisposable {
  readonly tpp: Tpp;
  readonly cloud: VenafiCloud;
  readonly controlPlane: ControlPlane;
  readonly directory: string;
  /** Runs a script; resolves to its output. Throws with its output where a command fails. */
  run(script: string): Promise<string>;
  /** Starts the program of a block, in the place of the one before. */
  start(block: MarkdownBlock): Promise<void>;
}

/** Starts all of it. */
export async function venafiReader(): Promise<VenafiReader> {
  const directory = await mkdtemp(join(tmpdir(), "countersign-venafi-guide-"));
  const stack = new AsyncDisposableStack();
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  try {
    const password = "issuer-password";
    const users = [{ username: "local:cert-manager", password }];
    const tpp = stack.use(await startTpp({ users, zones: { [zone]: openPolicy } }));
    const cloud = stack.use(await startVenafiCloud({ applications: { "Web Shop": { Default: {} } } }));
    const controlPlane = stack.use(await startControlPlane());
    stack.use(
      await startCertManager(controlPlane, { autoApprove: true, minBackoff: "1s", maxBackoff: "2s" }),
    );
    const bin = join(directory, "bin");
    await mkdir(bin);
    await symlink(controlPlane.kubectlPath, join(bin, "kubectl"));
    for (const folder of ["examples", "packages"]) await symlink(join(root, folder), join(directory, folder));
    const files = { "tpp-ca.pem": tpp.caPem, "tpp-password": password, "api-key": cloud.credentials.apiKey };
    for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
    const saasCa = join(directory, "saas-ca.pem");
    await writeFile(saasCa, cloud.caPem);
    const env = {
      ...process.env,
      ...{ PATH: `${bin}:${process.env.PATH}`, HOME: directory, KUBECONFIG: controlPlane.kubeconfigPath },
      ...{ TPP_URL: tpp.url, TPP_ZONE: zone, TPP_USER: "local:cert-manager" },
      ...{ SAAS_URL: cloud.url, SAAS_ZONE: "Web Shop\\Default" },
      // The SaaS has a certificate of a public CA.
      NODE_EXTRA_CA_CERTS: saasCa,
    };
    const logPath = join(directory, "program.log");
    let program: ServerProcess | undefined;
    stack.defer(async () => program?.stop());
    return {
      ...{ tpp, cloud, controlPlane, directory },
      async run(script) {
        const { code, output }: ShellResult = await runShell(`set -eu\n${script}`, { directory, env });
        if (code === 0) return output;
        const log = await logTail(logPath);
        throw new Error(`ended with ${code}:\n${script}\n${output}\nThe issuer's log:\n${log}`);
      },
      async start(block) {
        await program?.stop();
        const args = ["-c", `cd "$0" && exec ${block.text}`, directory];
        program = await startServer({ name: "issuer", command: "/bin/sh", args, logPath, env });
      },
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}
