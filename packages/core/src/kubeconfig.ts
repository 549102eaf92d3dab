/**
 * Connections from a kubeconfig, by way of `@kubernetes/client-node`: a separate entry, since a pod never needs it and it
 * costs most of a second to load.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import type { Agent, RequestOptions } from "node:https";
import { delimiter, dirname, join } from "node:path";
import type { KubeConfig } from "@kubernetes/client-node";
import { checkServer, type KubeConnection, type KubeTls } from "./kube/connection.ts";
import { KubeConnectionError } from "./kube/kube-connection-error.ts";
import { type Scheduler, systemScheduler } from "./queue/scheduler.ts";

/** Options of {@link loadKubeConnection}. */
export interface LoadKubeConnectionOptions {
  /** Path of the kubeconfig; unless given, the files of `KUBECONFIG`, then `~/.kube/config`. */
  readonly file?: string | undefined;
  /** Name of the context; the current one unless given. */
  readonly context?: string | undefined;
  /** The process's environment: `KUBECONFIG`, `HOME` and `USERPROFILE` are looked at. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly scheduler?: Scheduler | undefined;
}

/** Credentials from plugins and files are asked for again after this long. */
const keepMs = 30_000;
/** After a 401 the kubeconfig is loaded anew, plugins included, at most this often. */
const reloadMs = 5_000;

/**
 * The connection that a kubeconfig describes, with everything that client-node supports: tokens, client certificates, exec
 * plugins, OIDC, basic auth, proxies.
 *
 * @throws KubeConnectionError with one line: file missing or malformed, no such context, cluster or user.
 */
export async function loadKubeConnection(options: LoadKubeConnectionOptions): Promise<KubeConnection> {
  const { scheduler = systemScheduler } = options;
  let config = await load(options);
  let loadedAt = scheduler.monotonic();
  let kept: { readonly access: Promise<Access>; readonly at: number } | undefined;
  const cluster = chosenCluster(config);

  const access = async (refresh: boolean): Promise<Access> => {
    const now = scheduler.monotonic();
    if (refresh && now - loadedAt >= reloadMs) {
      loadedAt = now;
      config = await load(options);
      kept = undefined;
    }
    if (kept === undefined || now - kept.at >= keepMs) {
      const asked = { access: askAccess(config), at: now };
      kept = asked;
      asked.access.catch(() => {
        if (kept === asked) kept = undefined;
      });
    }
    return kept.access;
  };

  return {
    server: cluster.server,
    serverName: cluster.tlsServerName,
    skipTlsVerify: cluster.skipTlsVerify,
    namespace: cluster.namespace,
    agents: cluster.proxied
      ? { calls: await proxyAgent(options), watches: await proxyAgent(options) }
      : undefined,
    authorize: async ({ refresh }) => (await access(refresh)).headers,
    tls: async () => (await access(false)).tls,
  };
}

interface Access {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: KubeTls;
  readonly agent: Agent;
}

/** The fields of the chosen context's cluster, checked. */
interface ClusterChoice {
  readonly server: string;
  readonly tlsServerName: string | undefined;
  readonly skipTlsVerify: boolean;
  readonly namespace: string | undefined;
  readonly proxied: boolean;
}

async function askAccess(config: KubeConfig): Promise<Access> {
  const request: RequestOptions = { headers: {} };
  await config.applyToHTTPSOptions(request);
  const { headers, auth, ca, cert, key, agent } = request;
  return {
    headers: {
      ...(auth ? { authorization: `Basic ${Buffer.from(auth).toString("base64")}` } : {}),
      ...(headers as Record<string, string>),
    },
    tls: { ca, cert, key } as KubeTls,
    agent: agent as Agent,
  };
}

/** Each KubeConfig keeps one agent; a fresh one gives an agent of its own. */
async function proxyAgent(options: LoadKubeConnectionOptions): Promise<Agent> {
  const { agent } = await askAccess(await load(options));
  return Object.assign(agent, { keepAlive: true });
}

async function load(options: LoadKubeConnectionOptions): Promise<KubeConfig> {
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  const { files, given } = kubeconfigFiles(options);
  let found = 0;
  for (const file of files) {
    const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
      // In a list of several, kubectl passes over files that do not exist.
      if (error.code === "ENOENT" && files.length > 1) return undefined;
      throw new KubeConnectionError(`The kubeconfig ${file} cannot be read (${error.code}). ${given}`, {
        cause: error,
      });
    });
    if (text === undefined) continue;
    found += 1;
    const part = new KubeConfig();
    try {
      part.loadFromString(text);
    } catch (error) {
      throw new KubeConnectionError(`The kubeconfig ${file} is malformed: ${firstLine(error)}`, {
        cause: error,
      });
    }
    part.makePathsAbsolute(dirname(file));
    merge(config, part);
  }
  if (found === 0)
    throw new KubeConnectionError(`None of the kubeconfigs ${files.join(", ")} exists. ${given}`);
  if (options.context !== undefined) config.setCurrentContext(options.context);
  allowPlainLoopback(config);
  return config;
}

function kubeconfigFiles({ file, env }: LoadKubeConnectionOptions): {
  files: readonly string[];
  given: string;
} {
  if (file !== undefined) return { files: [file], given: "Check the path that was given." };
  const listed = (env.KUBECONFIG ?? "").split(delimiter).filter((entry) => entry !== "");
  if (listed.length > 0) return { files: listed, given: "Check the variable KUBECONFIG." };
  const home = env.HOME ?? env.USERPROFILE;
  if (home === undefined)
    throw new KubeConnectionError("There is no kubeconfig: set KUBECONFIG, or give its path.");
  return {
    files: [join(home, ".kube", "config")],
    given: "Set KUBECONFIG, or give the path of another one.",
  };
}

/** kubectl's rule: of several entries of one name, the first counts. */
function merge(into: KubeConfig, part: KubeConfig): void {
  const add = <T extends { readonly name: string }>(all: readonly T[], more: readonly T[]) => [
    ...all,
    ...more.filter(({ name }) => all.every((entry) => entry.name !== name)),
  ];
  into.loadFromOptions({
    clusters: add(into.clusters, part.clusters),
    users: add(into.users, part.users),
    contexts: add(into.contexts, part.contexts),
    currentContext: into.currentContext || part.currentContext,
  });
}

/** client-node refuses http without skipTLSVerify even on loopback, as `kubectl proxy` serves it. */
function allowPlainLoopback(config: KubeConfig): void {
  config.clusters = config.clusters.map((cluster) => {
    if (!cluster.server.startsWith("http:") || cluster.skipTLSVerify) return cluster;
    try {
      checkServer(cluster.server);
    } catch (error) {
      throw new KubeConnectionError(`The kubeconfig's cluster ${cluster.name}: ${firstLine(error)}`, {
        cause: error,
      });
    }
    return { ...cluster, skipTLSVerify: true };
  });
}

function chosenCluster(config: KubeConfig): ClusterChoice {
  const names = config.contexts.map(({ name }) => name);
  const choice = names.length === 0 ? "It has none." : `There are: ${names.join(", ")}.`;
  const name = config.getCurrentContext();
  if (!name) throw new KubeConnectionError(`The kubeconfig names no current context. ${choice}`);
  const context = config.getContextObject(name);
  if (context === null) throw new KubeConnectionError(`The kubeconfig has no context ${name}. ${choice}`);
  const cluster = config.getCluster(context.cluster);
  if (cluster === null) {
    throw new KubeConnectionError(
      `The context ${name} names the cluster ${context.cluster}, which the kubeconfig lacks.`,
    );
  }
  if (context.user && config.getUser(context.user) === null) {
    throw new KubeConnectionError(
      `The context ${name} names the user ${context.user}, which the kubeconfig lacks.`,
    );
  }
  return {
    server: cluster.server,
    tlsServerName: cluster.tlsServerName,
    skipTlsVerify: cluster.skipTLSVerify,
    namespace: context.namespace,
    proxied: Boolean(cluster.proxyUrl),
  };
}

function firstLine(error: unknown): string {
  const [line = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
  return line;
}
