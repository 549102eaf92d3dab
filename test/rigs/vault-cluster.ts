import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { serverTls } from "./vault.ts";
import { newTlsAuthority } from "./vault-ca.ts";
import { startVaultNode, type VaultFlavour, type VaultNode } from "./vault-node.ts";
import { registerPlugins } from "./vault-plugins.ts";
import {
  expectVault,
  type VaultBody,
  type VaultEndpoint,
  vaultRequest,
  vaultWrite,
} from "./vault-request.ts";
import { initialiseVault, unsealVault, untilHealth } from "./vault-seal.ts";

const LEADER_TIMEOUT_MS = 30_000;

/** Options of {@link startRaftCluster}. */
export interface VaultClusterOptions {
  readonly flavour: VaultFlavour;
  /** 3 unless given: two nodes cannot elect a leader when one of them is gone. */
  readonly nodes?: number;
}

/** One node of a cluster, as an endpoint for requests to exactly this node. */
export interface VaultMember extends VaultEndpoint {
  readonly running: boolean;
  readonly logPath: string;
}

/** Servers over HTTPS that share their data by raft: one active node, the others standbys that forward to it. */
export interface VaultCluster extends AsyncDisposable {
  readonly flavour: VaultFlavour;
  readonly nodes: readonly VaultMember[];
  readonly caPem: string;
  readonly rootToken: string;
  readonly command: string;
  /** The running node that says it is active; waits for an election (30 s at most). */
  leader(): Promise<VaultMember>;
  /** SIGKILL. */
  kill(node: VaultMember): Promise<void>;
  /**
   * Starts a node that was killed and unseals it; resolves when it knows the active node. OpenBao answers reads on
   * standbys, for a while with old data.
   */
  restart(node: VaultMember): Promise<void>;
  /** Kills the nodes and removes all that they stored. May be called twice. */
  stop(): Promise<void>;
}

/**
 * Starts a cluster and initialises, joins and unseals its nodes; resolves when all of them serve (about 10 s).
 * @throws RigUnavailable when a binary cannot be had; Error with the last log lines when a node does not start.
 */
export async function startRaftCluster(options: VaultClusterOptions): Promise<VaultCluster> {
  const { flavour, nodes: size = 3 } = options;
  const directory = await mkdtemp(join(tmpdir(), `countersign-${flavour}-raft-`));
  const authority = newTlsAuthority("vault rig");
  const processes: VaultNode[] = [];

  async function stop(): Promise<void> {
    await Promise.all(processes.map((node) => node.stop("SIGKILL")));
    await rm(directory, { recursive: true, force: true });
  }

  try {
    const tls = await serverTls(authority);
    for (let index = 0; index < size; index += 1) {
      const raftNode = `node-${index}`;
      processes.push(await startVaultNode({ flavour, tls, raftNode, directory: join(directory, raftNode) }));
    }
    const [first, ...others] = processes;
    if (first === undefined) throw new Error("a cluster needs at least one node");
    const { unsealKey, rootToken } = await initialiseVault(first);
    await unsealVault(first, unsealKey);
    await untilHealth(first, [200]);
    const admin = memberOf(first, rootToken);
    // A node that joins has no vote before it has been stable for so long; 10 s by default.
    await vaultWrite(admin, "sys/storage/raft/autopilot/configuration", {
      server_stabilization_time: "100ms",
    });
    for (const node of others) {
      const join = { leader_api_addr: first.address, leader_ca_cert: authority.caPem };
      await expectVault(node, "POST", "sys/storage/raft/join", join, { token: "" });
      await unsealVault(node, unsealKey);
    }
    await untilVoters(admin, size);
    const nodes = processes.map((process) => memberOf(process, rootToken));
    const processOf = (node: VaultMember): VaultNode => {
      const process = processes[nodes.indexOf(node)];
      if (process === undefined) throw new Error(`${node.address} is no node of this cluster`);
      return process;
    };
    const cluster: VaultCluster = {
      flavour,
      nodes,
      caPem: authority.caPem,
      rootToken,
      command: first.command,
      // A node that lost its leader goes on naming it for a while, so the leader itself must say that it is the one.
      leader: () => untilView(nodes, ({ is_self }) => is_self === true),
      kill: (node) => processOf(node).stop("SIGKILL"),
      async restart(node) {
        await processOf(node).start();
        await unsealVault(node, unsealKey);
        await untilView([node], ({ leader_address }) => leader_address !== "");
      },
      stop,
      [Symbol.asyncDispose]: stop,
    };
    const leader = await cluster.leader();
    if (flavour === "vault")
      await registerPlugins(
        leader,
        processes.map(({ pluginDirectory }) => pluginDirectory),
      );
    return cluster;
  } catch (error) {
    await stop();
    throw error;
  }
}

interface RaftConfiguration {
  readonly config: { readonly servers: readonly { readonly voter: boolean }[] };
}

function memberOf(process: VaultNode, rootToken: string): VaultMember {
  return {
    address: process.address,
    caPem: process.caPem,
    rootToken,
    logPath: process.logPath,
    get running() {
      return process.running;
    },
  };
}

/** Without the votes of all, the first kill could leave too few to elect a leader. */
async function untilVoters(node: VaultMember, size: number): Promise<void> {
  const deadline = Date.now() + LEADER_TIMEOUT_MS;
  for (;;) {
    const { data } = await expectVault(node, "GET", "sys/storage/raft/configuration");
    const { servers } = (data as unknown as RaftConfiguration).config;
    if (servers.filter(({ voter }) => voter).length === size) return;
    if (Date.now() > deadline) throw new Error(`not ${size} voters in ${LEADER_TIMEOUT_MS / 1000} s`);
    await delay(50);
  }
}

/** The first running node whose view of the leadership satisfies the condition. */
async function untilView(
  nodes: readonly VaultMember[],
  condition: (view: VaultBody) => boolean,
): Promise<VaultMember> {
  const deadline = Date.now() + LEADER_TIMEOUT_MS;
  for (;;) {
    for (const node of nodes.filter(({ running }) => running)) {
      const answer = await vaultRequest(node, "GET", "sys/leader").catch(() => undefined);
      if (answer && condition(answer.body)) return node;
    }
    if (Date.now() > deadline) throw new Error(`no leader in ${LEADER_TIMEOUT_MS / 1000} s`);
    await delay(50);
  }
}
