import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import { AddressPolicy } from "./address-policy.ts";
import { dropIdle, PlainAgent, TlsAgent } from "./agents.ts";
import { clientTls } from "./client-tls.ts";
import type { Clock } from "./clock.ts";
import { Dialer, handshake, systemResolve } from "./dialer.ts";
import type { Route } from "./exchange.ts";
import type { CompleteOptions } from "./http-client-options.ts";
import { ProxyRoutes, type ProxyServer } from "./proxy-routes.ts";
import { hostOf, portOf, type TargetRules } from "./target-url.ts";

/** The connections of one client: which ways there are, with which TLS identity, and which are kept. */
export class Connections {
  /** What a URL must satisfy to be reached. */
  readonly rules: TargetRules;
  /** Whether servers see a client certificate. */
  readonly hasIdentity: boolean;
  readonly #dialer: Dialer;
  readonly #proxies: ProxyRoutes;
  readonly #tls: TlsAgent;
  readonly #session: ConnectionOptions;
  readonly #plain: PlainAgent;
  /** Plain http through a proxy: all connections are to the proxy. */
  readonly #proxied: PlainAgent | undefined;

  /** Throws an `IssuerError` for unusable TLS material, a TypeError for any other option. */
  constructor(options: CompleteOptions, clock: Clock) {
    const addresses = new AddressPolicy(options);
    const tls = clientTls(options, clock.now());
    this.rules = { addresses, allowPlainHttp: options.allowPlainHttp === true };
    this.hasIdentity = tls.hasIdentity;
    this.#proxies = new ProxyRoutes(options.proxy);
    this.#dialer = new Dialer({
      addresses,
      proxies: this.#proxies,
      resolve: options.resolve ?? systemResolve,
      clock,
      connectTimeoutMs: options.connectTimeoutMs,
      maxHeaderBytes: options.maxHeaderBytes,
    });
    const pool = { dialer: this.#dialer, idleTimeoutMs: options.idleTimeoutMs };
    this.#tls = new TlsAgent(pool, tls.agent);
    this.#session = tls.agent;
    this.#plain = new PlainAgent(pool);
    this.#proxied = this.#proxies.http && new PlainAgent(pool, this.#proxies.http);
  }

  /** The way to a target. */
  routeTo(target: URL): Route {
    const [host, port, secure] = [hostOf(target), portOf(target), target.protocol === "https:"];
    const proxy = secure ? undefined : this.#proxies.proxyFor(false, host, port);
    if (proxy !== undefined && this.#proxied !== undefined) return absolute(target, proxy, this.#proxied);
    const agent = secure ? this.#tls : this.#plain;
    const path = target.pathname + target.search;
    return { agent, secure, host, port, path, headers: { host: target.host } };
  }

  /** A TCP connection outside the pools. Throws a {@link Trouble}, or the signal's reason. */
  dial(host: string, port: number, signal: AbortSignal): Promise<Duplex> {
    return this.#dialer.within((late) =>
      this.#dialer.toTarget(host, port, false, AbortSignal.any([late, signal])),
    );
  }

  /** A TLS connection outside the pools. Throws a {@link Trouble}, or the signal's reason. */
  open(target: URL, signal: AbortSignal): Promise<TLSSocket> {
    const [host, port] = [hostOf(target), portOf(target)];
    return this.#dialer.within(async (late) => {
      const ended = AbortSignal.any([late, signal]);
      const socket = await this.#dialer.toTarget(host, port, true, ended);
      const servername = isIP(host) === 0 ? host : "";
      const session = connectTls({ servername, ...this.#session, socket, host, ALPNProtocols: ["http/1.1"] });
      return handshake(session, ended);
    });
  }

  /** Closes the idle connections of a way. */
  dropIdle({ agent, host, port }: Route): void {
    dropIdle(agent, host, port);
  }

  /** Closes every connection, also those in use and those not yet established. */
  close(): void {
    this.#dialer.close();
    for (const agent of [this.#tls, this.#plain, this.#proxied]) agent?.destroy();
  }
}

/** In absolute form the proxy gets the whole URL, without its fragment (RFC 9112 §3.2.2). */
function absolute(target: URL, proxy: ProxyServer, agent: PlainAgent): Route {
  return {
    agent,
    secure: false,
    host: proxy.host,
    port: proxy.port,
    path: target.origin + target.pathname + target.search,
    headers: { host: target.host, ...proxy.headers },
  };
}
