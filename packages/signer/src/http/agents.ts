import { type ClientRequestArgs, Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent, type AgentOptions as HttpsAgentOptions } from "node:https";
import type { Duplex } from "node:stream";
import { type Dialer, handshake } from "./dialer.ts";
import type { ProxyServer } from "./proxy-routes.ts";

type Created = (error: Error | null, socket: Duplex) => void;

/** What a pool of connections needs. */
export interface PoolOptions {
  readonly dialer: Dialer;
  /** How long a connection may lie idle, in milliseconds. */
  readonly idleTimeoutMs: number;
}

/** Node's agent takes a socket by a callback whose second argument it does not look at after an error. */
function hand(dialed: Promise<Duplex>, created: Created | undefined): undefined {
  const fail = created as ((error: unknown) => void) | undefined;
  dialed.then((socket) => created?.(null, socket), fail);
}

function endpointOf({ host, port }: ClientRequestArgs): { readonly host: string; readonly port: number } {
  return { host: host ?? "", port: Number(port) };
}

function idleOptions({ idleTimeoutMs }: PoolOptions) {
  return { keepAlive: true, timeout: idleTimeoutMs };
}

/** Keeps plain connections: straight to the targets, or all to one proxy. */
export class PlainAgent extends HttpAgent {
  readonly #dialer: Dialer;
  readonly #proxy: ProxyServer | undefined;

  constructor(pool: PoolOptions, proxy?: ProxyServer) {
    super(idleOptions(pool));
    this.#dialer = pool.dialer;
    this.#proxy = proxy;
  }

  override createConnection(options: ClientRequestArgs, created?: Created): undefined {
    const { host, port } = endpointOf(options);
    const proxy = this.#proxy;
    const dialed = this.#dialer.within((signal) =>
      proxy === undefined
        ? this.#dialer.toTarget(host, port, false, signal)
        : this.#dialer.toProxy(proxy, signal),
    );
    return hand(dialed, created);
  }
}

/** Keeps TLS sessions with the targets, straight or inside tunnels, and resumes them. */
export class TlsAgent extends HttpsAgent {
  readonly #dialer: Dialer;

  constructor(pool: PoolOptions, tls: HttpsAgentOptions) {
    super({ ...idleOptions(pool), ...tls });
    this.#dialer = pool.dialer;
  }

  override createConnection(options: ClientRequestArgs, created?: Created): undefined {
    const { host, port } = endpointOf(options);
    const dialed = this.#dialer.within(async (signal) => {
      const socket = await this.#dialer.toTarget(host, port, true, signal);
      const over = { ...options, socket };
      const session = super.createConnection(over);
      if (!session) throw new TypeError("Node's agent gave no socket");
      return handshake(session, signal);
    });
    return hand(dialed, created);
  }
}

/** Closes the idle connections to one host and port: where one has gone stale, the others have as well. */
export function dropIdle(agent: HttpAgent, host: string, port: number): void {
  for (const [name, sockets] of Object.entries(agent.freeSockets)) {
    if (name.startsWith(`${host}:${port}:`)) for (const socket of sockets ?? []) socket.destroy();
  }
}
