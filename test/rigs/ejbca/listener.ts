import { once } from "node:events";
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo, Server as NetServer } from "node:net";
import type { TLSSocket } from "node:tls";

/** Whether a listener asks for a client certificate: it may come, it must come, it is not asked for. */
export type ClientAuth = "want" | "need" | "never";

/** What a listener needs. */
export interface ListenerOptions {
  readonly clientAuth: ClientAuth;
  readonly tls: { readonly cert: string; readonly key: string };
  /** PEM of the CAs whose client certificates are accepted. */
  readonly trusted: readonly string[];
  readonly keepAliveTimeoutMs: number;
  readonly serve: (request: IncomingMessage, response: ServerResponse) => void;
}

/** A listening socket that can be closed and opened again on the same port. */
export class Listener {
  readonly #server: NetServer & { closeAllConnections(): void };
  #port = 0;

  constructor(server: NetServer & { closeAllConnections(): void }) {
    this.#server = server;
  }

  get port(): number {
    return this.#port;
  }

  get isUp(): boolean {
    return this.#server.listening;
  }

  /** Listens on 127.0.0.1, on the port that it had before. */
  async up(port = this.#port): Promise<void> {
    if (this.isUp) return;
    this.#server.listen(port, "127.0.0.1");
    await once(this.#server, "listening");
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Closes the port and every connection: new ones are refused. */
  async down(): Promise<void> {
    if (!this.isUp) return;
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

/**
 * An HTTPS listener. A client certificate that is not trusted or has expired ends the connection without HTTP, as with the
 * real server; Node cannot send the TLS alert that says why.
 */
export function tlsListener(options: ListenerOptions): Listener {
  const { clientAuth, tls, trusted, keepAliveTimeoutMs, serve } = options;
  const server: Server = createServer(
    {
      ...tls,
      ca: [...trusted],
      requestCert: clientAuth !== "never",
      rejectUnauthorized: false,
      keepAliveTimeout: keepAliveTimeoutMs,
    },
    serve,
  );
  server.prependListener("secureConnection", (socket: TLSSocket) => {
    const hasCertificate = clientCertificate(socket) !== undefined;
    if ((hasCertificate && !socket.authorized) || (!hasCertificate && clientAuth === "need"))
      socket.destroy();
  });
  server.on("tlsClientError", () => {});
  return new Listener(server);
}

/** A listener without TLS. */
export function plainListener(serve: ListenerOptions["serve"]): Listener {
  return new Listener(createHttpServer(serve));
}

/** DER of the certificate that the client showed; undefined without one, and without TLS. */
export function clientCertificate(socket: Partial<TLSSocket>): Uint8Array | undefined {
  const raw = socket.getPeerCertificate?.()?.raw;
  return raw === undefined || raw.length === 0 ? undefined : raw;
}
