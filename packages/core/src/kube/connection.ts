import type { Agent } from "node:http";

/** TLS material of a connection, as PEM. */
export interface KubeTls {
  /** Replaces the system's roots. */
  readonly ca?: string | Buffer | undefined;
  /** Client certificate chain and its key, for mutual TLS. */
  readonly cert?: string | Buffer | undefined;
  readonly key?: string | Buffer | undefined;
}

/** Agents that reach the server by a way of their own, such as a proxy. */
export interface KubeAgents {
  readonly calls: Agent;
  readonly watches: Agent;
}

/**
 * How and as whom to reach a Kubernetes API server. A structure, not a class: make one with `inCluster`,
 * `loadKubeConnection` or {@link connectionTo}, or write it down.
 */
export interface KubeConnection extends KubeTls {
  /** URL of the API server; a path prefix is kept, as gateways such as Rancher need. */
  readonly server: string;
  /** Name that the server's certificate must have, where it is not the URL's host. */
  readonly serverName?: string | undefined;
  /** Accepts any certificate. Only ever what a kubeconfig says. */
  readonly skipTlsVerify?: boolean | undefined;
  /** The namespace that the pod or the kubeconfig context names. */
  readonly namespace?: string | undefined;
  /** Used in place of the transport's own agents; closed with it. */
  readonly agents?: KubeAgents | undefined;
  /**
   * Headers that identify the caller; asked for before each request, so it should cache. `refresh` is set after a 401:
   * what was given last is no longer good.
   */
  authorize?(options: { readonly refresh: boolean }): Promise<Readonly<Record<string, string>>>;
  /** TLS material that may change while the process runs; replaces `ca`, `cert` and `key`. Asked for after `authorize`. */
  tls?(): Promise<KubeTls>;
}

/** Options of {@link connectionTo}. */
export interface ConnectionToOptions {
  /** URL of the API server. `http://` only on a loopback address. */
  readonly server: string;
  readonly token?: string | undefined;
  /** PEM bundle. */
  readonly ca?: string | undefined;
  readonly namespace?: string | undefined;
}

const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * The connection to a server by its address and a fixed token, for tests and embedded servers.
 *
 * @throws TypeError when the address is not an http(s) URL, carries credentials, or is plain http beyond loopback.
 */
export function connectionTo(options: ConnectionToOptions): KubeConnection {
  const { server, token, ca, namespace } = options;
  checkServer(server);
  const headers: Readonly<Record<string, string>> = Object.freeze(
    token === undefined ? {} : { authorization: `Bearer ${token}` },
  );
  return { server, ca, namespace, authorize: async () => headers };
}

/** Checks the address of an API server; plain http would send the token in the clear. */
export function checkServer(server: string, { allowPlainHttp = false } = {}): URL {
  const url = URL.canParse(server) ? new URL(server) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol)) {
    throw new TypeError(`Expected \`server\` to be an http(s) URL, got \`${server}\``);
  }
  if (url.username !== "" || url.password !== "") {
    throw new TypeError("Expected `server` to be a URL without credentials; give a token instead");
  }
  if (url.protocol === "http:" && !allowPlainHttp && !loopback.test(url.hostname)) {
    throw new TypeError(
      `Expected \`server\` to be https: plain http is for loopback addresses only, since it sends credentials in the clear, got \`${server}\``,
    );
  }
  return url;
}
