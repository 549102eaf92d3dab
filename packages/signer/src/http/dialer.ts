import { lookup as systemLookup } from "node:dns/promises";
import { once } from "node:events";
import { request } from "node:http";
import { connect, isIP, type LookupFunction, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import type { AddressPolicy } from "./address-policy.ts";
import type { Clock } from "./clock.ts";
import { Trouble } from "./http-failure.ts";
import { connectTrouble, dnsTrouble, tlsTrouble } from "./node-trouble.ts";
import type { ProxyRoutes, ProxyServer } from "./proxy-routes.ts";
import { addressProblem } from "./target-url.ts";

/** An address that a name resolves to. */
export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

/** Resolves a host name to all its addresses. */
export type ResolveHost = (hostname: string) => Promise<readonly ResolvedAddress[]>;

/** As getaddrinfo orders them: `/etc/hosts` and the cluster's search domains count. */
export const systemResolve: ResolveHost = (hostname) => systemLookup(hostname, { all: true });

/** What {@link Dialer} needs. */
export interface DialerOptions {
  readonly addresses: AddressPolicy;
  readonly proxies: ProxyRoutes;
  readonly resolve: ResolveHost;
  readonly clock: Clock;
  /** From the first DNS question to an established TLS session, in milliseconds. */
  readonly connectTimeoutMs: number;
  readonly maxHeaderBytes: number;
}

/** NAT and load balancers forget silent connections, some after a minute. */
const tcpKeepAliveMs = 30_000;

/** Errors of a socket that nobody holds yet are seen by the operation that waits for it. */
const ignore = () => {};

/**
 * Opens connections: every one has passed the address policy or goes through a proxy, and stands within the connect
 * deadline. Throws {@link Trouble}.
 */
export class Dialer {
  readonly #options: DialerOptions;
  readonly #closing = new AbortController();

  constructor(options: DialerOptions) {
    this.#options = options;
  }

  /** Runs one attempt to connect under the deadline; the signal fires at the deadline and on {@link close}. */
  async within<T extends Duplex>(attempt: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { clock, connectTimeoutMs } = this.#options;
    const abort = new AbortController();
    const late = new Trouble("connect-timeout", `no connection within ${connectTimeoutMs / 1000} s.`);
    const onClose = () => abort.abort(this.#closing.signal.reason);
    const cancel = clock.after(connectTimeoutMs, () => abort.abort(late));
    this.#closing.signal.addEventListener("abort", onClose);
    if (this.#closing.signal.aborted) onClose();
    try {
      return await attempt(abort.signal);
    } catch (error) {
      throw abort.signal.aborted ? abort.signal.reason : error;
    } finally {
      cancel();
      this.#closing.signal.removeEventListener("abort", onClose);
    }
  }

  /** A TCP connection to the target, or a tunnel to it. */
  async toTarget(host: string, port: number, secure: boolean, signal: AbortSignal): Promise<Duplex> {
    const proxy = secure ? this.#options.proxies.proxyFor(secure, host, port) : undefined;
    if (proxy !== undefined) return this.#tunnel(proxy, host, port, signal);
    return this.#tcp(host, port, await this.#allowed(host, signal), signal);
  }

  /** A connection to a proxy: its address is the operator's choice. TLS to it trusts the system's roots. */
  async toProxy({ host, port, secure }: ProxyServer, signal: AbortSignal): Promise<Duplex> {
    const socket = await this.#tcp(host, port, await this.#resolved(host, signal), signal);
    if (!secure) return socket;
    const servername = isIP(host) === 0 ? host : "";
    const session = connectTls({
      socket,
      host,
      servername,
      minVersion: "TLSv1.2",
      rejectUnauthorized: true,
      ALPNProtocols: ["http/1.1"],
    });
    return handshake(session, signal).catch((error: unknown) => {
      if (!(error instanceof Trouble)) throw error;
      const { message, needsChange } = error;
      throw new Trouble("proxy", `TLS to the proxy: ${message}`, { needsChange, ...causeOf(error) });
    });
  }

  /** Ends the attempts under way. */
  close(): void {
    this.#closing.abort(new Trouble("closed", "the client is closed."));
  }

  async #resolved(host: string, signal: AbortSignal): Promise<readonly ResolvedAddress[]> {
    if (isIP(host) !== 0) return [{ address: host, family: isIP(host) }];
    const found = await unlessAborted(this.#options.resolve(host), signal).catch((error: unknown) => {
      throw dnsTrouble(error);
    });
    if (found.length === 0) throw dnsTrouble(undefined);
    return found;
  }

  async #allowed(host: string, signal: AbortSignal): Promise<readonly ResolvedAddress[]> {
    const found = await this.#resolved(host, signal);
    const kinds = found.map(({ address }) => this.#options.addresses.refusal(host, address));
    const allowed = found.filter((_, at) => kinds[at] === undefined);
    if (allowed.length > 0) return allowed;
    throw new Trouble("address", addressProblem(kinds[0] ?? "unknown"), { needsChange: true });
  }

  /** Connects to these addresses and to no other: the name is not resolved again. */
  async #tcp(
    host: string,
    port: number,
    found: readonly ResolvedAddress[],
    signal: AbortSignal,
  ): Promise<Socket> {
    const lookup: LookupFunction = (_, { all }, done) => {
      const [first] = found;
      if (all === true) done(null, [...found]);
      else done(null, first?.address ?? "", first?.family);
    };
    signal.throwIfAborted();
    const socket = connect({
      host,
      port,
      lookup,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: tcpKeepAliveMs,
    });
    socket.on("error", ignore);
    return opened(socket, "connect", signal).catch((error: unknown) => {
      throw connectTrouble(error);
    });
  }

  /** A tunnel through the proxy (RFC 9110 §9.3.6). The proxy's words are not repeated. */
  async #tunnel(proxy: ProxyServer, host: string, port: number, signal: AbortSignal): Promise<Duplex> {
    const socket = await this.toProxy(proxy, signal);
    const authority = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
    const asked = request({
      method: "CONNECT",
      path: authority,
      headers: { host: authority, ...proxy.headers },
      createConnection: () => socket,
      insecureHTTPParser: false,
      maxHeaderSize: this.#options.maxHeaderBytes,
    });
    asked.on("error", ignore);
    asked.end();
    try {
      const [response, , head] = await once(asked, "connect", { signal });
      assertTunnel(response.statusCode, head.length);
      return socket;
    } catch (error) {
      socket.destroy();
      if (error instanceof Trouble) throw error;
      throw new Trouble("proxy", "the proxy broke off the connection or does not speak HTTP.");
    }
  }
}

function assertTunnel(status: number, extraBytes: number): void {
  if (status === 407) {
    const problem = "the proxy wants credentials, or refuses those that it got (407).";
    throw new Trouble("proxy", problem, { needsChange: true });
  }
  if (status === 400 || status === 403 || status === 405) {
    throw new Trouble("proxy", `the proxy does not allow the connection (${status}).`, { needsChange: true });
  }
  if (status < 200 || status > 299) throw new Trouble("proxy", `the proxy answered ${status}.`);
  // In TLS the client speaks first, so this is not from the target.
  if (extraBytes > 0) throw new Trouble("proxy", "the proxy sent data of its own into the tunnel.");
}

function causeOf({ cause }: Trouble): { readonly cause?: Error } {
  return cause instanceof Error ? { cause } : {};
}

/** Waits for the socket's event; a socket that fails or is late is destroyed. */
async function opened<T extends Duplex>(socket: T, event: string, signal: AbortSignal): Promise<T> {
  try {
    await once(socket, event, { signal });
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** Waits for the end of a TLS handshake that has been begun. Throws a {@link Trouble}, or the signal's abort. */
export async function handshake<T extends Duplex>(session: T, signal: AbortSignal): Promise<T> {
  session.on("error", ignore);
  return opened(session, "secureConnect", signal).catch((error: unknown) => {
    throw tlsTrouble(error);
  });
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
