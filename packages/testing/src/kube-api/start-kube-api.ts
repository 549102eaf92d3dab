/**
 * An embedded Kubernetes API: a development and test tool, not a cluster. It serves over real HTTP what certificate
 * issuers use, from memory, and behaves as kube-apiserver does where the contract suite compares the two.
 *
 * Not there: CEL rules of CRDs (`x-kubernetes-validations` are accepted and not evaluated), the scale subresource,
 * conversion and admission webhooks, aggregated ClusterRoles, garbage collection by owner references, answers in Protobuf, TLS,
 * and all workloads. Of YAML it reads what manifests use: no anchors, aliases or tags. An object member named `__proto__` is
 * dropped.
 *
 * @module
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { urlWithToken } from "./auth/authenticate.ts";
import { Authorizer } from "./auth/authorizer.ts";
import { ISSUER, Tokens } from "./auth/tokens.ts";
import { bootstrap } from "./builtins/bootstrap.ts";
import { finishNamespaces } from "./builtins/finish-namespaces.ts";
import { registerBuiltins } from "./builtins/register-builtins.ts";
import { serveCustomResources } from "./crd/serve-custom-resources.ts";
import { FaultInjector } from "./faults.ts";
import { createHandler } from "./http/handle.ts";
import { RequestLog, type RequestRecord } from "./http/request-log.ts";
import { Registry } from "./registry/registry.ts";
import { ServerState } from "./server-state.ts";
import { ResourceStore } from "./store/resource-store.ts";
import { Revision } from "./store/revision.ts";
import { WatchStreams } from "./verbs/watch-streams.ts";

/** How an embedded API is set up. */
export interface KubeApiOptions {
  /** TCP port on 127.0.0.1; absent or 0: a free one. */
  readonly port?: number;
  /** Source of all timestamps. */
  readonly clock?: () => Date;
  /** Changes kept per resource for watches to resume from; older resourceVersions answer 410. Default 1000. */
  readonly watchWindow?: number;
  /** Milliseconds between bookmarks on a watch. Default 60 000, as the real server. */
  readonly bookmarkIntervalMs?: number;
}

/** A running embedded API. */
export interface KubeApi extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Bearer token of user `admin` in group `system:masters`. */
  readonly adminToken: string;
  /** What a client needs to connect as admin. */
  readonly kubeConfig: { readonly server: string; readonly token: string };
  /** Every request so far, oldest first; the oldest are dropped past 200 000. */
  readonly requests: readonly RequestRecord[];
  /** How many watches are open. */
  readonly openWatches: number;
  /** Makes the server misbehave. */
  readonly faults: FaultInjector;
  /** A kubeconfig file for the admin. Its server URL carries the token, because kubectl sends none over plain HTTP. */
  kubeconfigYaml(): string;
  /**
   * A bearer token, good for a day, of a service account. The account need not exist; if it does, the token carries its
   * uid and dies with it.
   */
  token(subject: { readonly namespace: string; readonly name: string }): string;
  /** Drops the watch history of every resource: older resourceVersions answer 410 Expired. Open watches go on. */
  compact(): void;
  /** Ends all connections and stops listening. */
  close(): Promise<void>;
}

/** Defaults, each with the reason in the option's description. */
const DEFAULTS = Object.freeze({
  port: 0,
  watchWindow: 1000,
  bookmarkIntervalMs: 60_000,
  requestLogLimit: 200_000,
});

/** One day, in seconds: longer than any test. */
const TOKEN_LIFETIME = 86_400;

/** Starts an embedded Kubernetes API on 127.0.0.1 and resolves when it listens. */
export async function startKubeApi(options: KubeApiOptions = {}): Promise<KubeApi> {
  const { port = DEFAULTS.port, clock = () => new Date() } = options;
  const { watchWindow = DEFAULTS.watchWindow, bookmarkIntervalMs = DEFAULTS.bookmarkIntervalMs } = options;
  requirePositive("watchWindow", watchWindow);
  requirePositive("bookmarkIntervalMs", bookmarkIntervalMs);
  const revision = new Revision();
  const registry = new Registry();
  const authorizer = new Authorizer(registry);
  const tokens = new Tokens(registry, clock);
  const watches = new WatchStreams();
  const newStore = () => new ResourceStore(revision, watchWindow);
  const builtins = registerBuiltins(registry, authorizer, newStore);
  const state = new ServerState({
    clock,
    revision,
    registry,
    tokens,
    authorizer,
    watches,
    bookmarkIntervalMs,
  });
  serveCustomResources(state, builtins.customResourceDefinitions, newStore);
  finishNamespaces(state, builtins.namespaces);
  bootstrap(state);
  for (const { store } of registry.all()) store.compact();

  const faults = new FaultInjector(watches);
  const log = new RequestLog(DEFAULTS.requestLogLimit);
  const server = createServer(
    { keepAliveTimeout: 0, requestTimeout: 0 },
    createHandler({ state, faults, log }),
  );
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return {
    url,
    adminToken: tokens.adminToken,
    kubeConfig: { server: url, token: tokens.adminToken },
    get requests() {
      return log.records;
    },
    get openWatches() {
      return watches.size;
    },
    faults,
    kubeconfigYaml: () => kubeconfigYaml(urlWithToken(url, tokens.adminToken), tokens.adminToken),
    token({ namespace, name }) {
      const uid = registry.find("", "serviceaccounts")?.store.get(namespace, name)?.object.metadata.uid;
      return tokens.issue({ namespace, name, uid, audiences: [ISSUER], lifetime: TOKEN_LIFETIME }).token;
    },
    compact() {
      for (const { store } of registry.all()) store.compact();
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function requirePositive(option: string, value: number): void {
  if (value > 0) return;
  throw new TypeError(`Expected \`${option}\` to be a positive number, got \`${value}\``);
}

function kubeconfigYaml(server: string, token: string): string {
  return [
    "apiVersion: v1",
    "kind: Config",
    "current-context: embedded",
    "clusters:",
    `- {name: embedded, cluster: {server: "${server}"}}`,
    "users:",
    `- {name: admin, user: {token: "${token}"}}`,
    "contexts:",
    "- {name: embedded, context: {cluster: embedded, user: admin}}",
    "",
  ].join("\n");
}
