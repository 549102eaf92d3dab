import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { buildRig } from "./build-rig.ts";
import { freePort } from "./free-port.ts";
import type { RigName } from "./rig.ts";
import { logTail, type ServerProcess, startServer } from "./server-process.ts";
import type { PemPair } from "./vault-ca.ts";
import { type VaultEndpoint, vaultRequest } from "./vault-request.ts";

const START_TIMEOUT_MS = 30_000;

/** HashiCorp Vault, or OpenBao, its open-source fork. */
export type VaultFlavour = "vault" | "openbao";

/** Both, for `describe.each`. */
export const VAULT_FLAVOURS: readonly VaultFlavour[] = Object.freeze(["vault", "openbao"]);

/** The TLS of a listener: plain HTTP without it. */
export interface VaultTls {
  readonly caPem: string;
  readonly server: PemPair;
  /** Demands of every client a certificate of this authority. */
  readonly mutual?: { readonly caPem: string; readonly client: PemPair };
}

/** Options of {@link startVaultNode}. */
export interface VaultNodeOptions {
  readonly flavour: VaultFlavour;
  /** Folder of its own: configuration, data, log, plugins. It stays. */
  readonly directory: string;
  readonly tls?: VaultTls | undefined;
  /** Name of the node in a raft cluster, whose data is on disk; one node in memory unless given. */
  readonly raftNode?: string;
}

/** One server process, neither initialised nor unsealed yet unless its data says so. */
export interface VaultNode extends VaultEndpoint {
  readonly flavour: VaultFlavour;
  /** The server's binary, which is the command-line client as well. */
  readonly command: string;
  readonly directory: string;
  readonly logPath: string;
  readonly pluginDirectory: string;
  readonly running: boolean;
  /** Ends the process: SIGTERM unless told otherwise. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again, unless it runs, at the same address; resolves when it answers. */
  start(): Promise<void>;
}

/**
 * Starts one server; resolves when it answers, sealed. `rootToken` is empty until the caller has initialised it.
 * @throws RigUnavailable when the binary cannot be had; Error with the last log lines when it does not start.
 */
export async function startVaultNode(options: VaultNodeOptions): Promise<VaultNode> {
  const { flavour, directory, tls } = options;
  const rig: RigName = flavour === "vault" ? "vault" : "openbao";
  const { path: command } = await buildRig(rig);
  const [port, clusterPort] = [await freePort(), await freePort()];
  const [listen, clusterListen] = [`127.0.0.1:${port}`, `127.0.0.1:${clusterPort}`];
  const address = `${tls ? "https" : "http"}://${listen}`;
  const pluginDirectory = join(directory, "plugins");
  await mkdir(pluginDirectory, { recursive: true });
  const configPath = join(directory, "config.json");
  const logPath = join(directory, `${rig}.log`);
  await writeFile(
    configPath,
    JSON.stringify({
      listener: [
        { tcp: { address: listen, cluster_address: clusterListen, ...(await listenerTls(directory, tls)) } },
      ],
      storage: await storage(options),
      api_addr: address,
      cluster_addr: `https://${clusterListen}`,
      plugin_directory: pluginDirectory,
      // Vault refuses to start on raft without this choice; OpenBao has no mlock to disable.
      ...(flavour === "vault" ? { disable_mlock: true } : {}),
    }),
  );
  const endpoint: VaultEndpoint = {
    address,
    caPem: tls?.caPem,
    clientCertificate: tls?.mutual?.client,
    rootToken: "",
  };
  let server: ServerProcess | undefined;

  async function start(): Promise<void> {
    if (server?.running) return;
    server = await startServer({
      name: rig,
      command,
      args: ["server", `-config=${configPath}`],
      logPath,
      env: withoutVaultVariables(process.env),
    });
    await untilAnswering(endpoint, server);
  }

  await start();
  return {
    ...endpoint,
    flavour,
    command,
    directory,
    logPath,
    pluginDirectory,
    get running() {
      return server?.running ?? false;
    },
    stop: async (signal) => server?.stop(signal, 3_000),
    start,
  };
}

/**
 * The environment without `VAULT_…` and `BAO_…`: the server takes its addresses from them, before its configuration, and
 * the client its token.
 */
export function withoutVaultVariables(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(VAULT|BAO)_/.test(name)));
}

async function listenerTls(directory: string, tls: VaultTls | undefined): Promise<object> {
  if (tls === undefined) return { tls_disable: true };
  const file = async (name: string, content: string) => {
    const path = join(directory, name);
    await writeFile(path, content, { mode: 0o600 });
    return path;
  };
  return {
    tls_cert_file: await file("server.crt", tls.server.cert),
    tls_key_file: await file("server.key", tls.server.key),
    ...(tls.mutual
      ? {
          tls_client_ca_file: await file("clients.crt", tls.mutual.caPem),
          tls_require_and_verify_client_cert: true,
        }
      : {}),
  };
}

async function storage({ directory, raftNode }: VaultNodeOptions): Promise<object> {
  if (raftNode === undefined) return { inmem: {} };
  const path = join(directory, "raft");
  await mkdir(path, { recursive: true });
  // The defaults are as patient as networks between sites need: elections of 3 s, a vote for a new node after 10 s.
  return {
    raft: {
      path,
      node_id: raftNode,
      performance_multiplier: 1,
      autopilot_reconcile_interval: "250ms",
      autopilot_update_interval: "250ms",
    },
  };
}

/** Health answers 501 before initialisation and 503 while sealed: an answer is all that a start needs. */
async function untilAnswering(endpoint: VaultEndpoint, server: ServerProcess): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const answered = await vaultRequest(endpoint, "GET", "sys/health").then(
      () => true,
      () => false,
    );
    if (answered) return;
    const problem = server.running
      ? Date.now() > deadline && `no answer in ${START_TIMEOUT_MS / 1000} s`
      : `it ended: ${await server.ended}`;
    if (problem) {
      await server.stop("SIGKILL");
      throw new Error(
        `${server.name} did not start (${problem}); its log ends:\n${await logTail(server.logPath)}`,
      );
    }
    await delay(50);
  }
}
