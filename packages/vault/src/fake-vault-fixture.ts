import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import { TLSSocket } from "node:tls";

/** One call as the fake saw it. */
export interface FakeCall {
  readonly method: string;
  /** Below `/v1/`, with its query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly token: string | undefined;
  readonly namespace: string | undefined;
  readonly json: Readonly<Record<string, unknown>>;
  /** Common name of the client's certificate, where TLS asks for one. */
  readonly clientName: string | undefined;
}

/** What the fake answers: an object is sent as JSON. */
export interface FakeAnswer {
  readonly status?: number;
  readonly body?: object | string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What becomes of a call; `hang` never answers, `reset` breaks the connection. */
export type FakeEnd = FakeAnswer | "hang" | "reset";

/** Answers the calls of one path. */
export type FakeRoute = FakeEnd | ((call: FakeCall) => FakeEnd | Promise<FakeEnd>);

/**
 * For tests: a server that answers as it is told, by method and path below `/v1/`. It knows `sys/health` and
 * `sys/capabilities-self`; everything else is a 404 of Vault.
 */
export class FakeVault implements AsyncDisposable {
  readonly calls: FakeCall[] = [];
  readonly routes: Record<string, FakeRoute> = {
    "GET sys/health": { body: { initialized: true, sealed: false } },
    "POST sys/capabilities-self": { body: { data: { capabilities: ["update"] } } },
  };
  readonly #server: Server;
  readonly #scheme: string;

  private constructor(server: Server, scheme: string) {
    this.#server = server;
    this.#scheme = scheme;
    server.on("request", async (request, response) => {
      let text = "";
      for await (const chunk of request.setEncoding("utf8")) text += chunk;
      const header = (name: string) => request.headers[name] as string | undefined;
      const { socket } = request;
      const call: FakeCall = {
        method: request.method ?? "",
        path: (request.url ?? "").replace(/^\/v1\//, ""),
        headers: request.headers,
        token: header("x-vault-token"),
        namespace: header("x-vault-namespace"),
        json: text === "" ? {} : JSON.parse(text),
        clientName:
          socket instanceof TLSSocket ? String(socket.getPeerCertificate().subject?.CN ?? "") : undefined,
      };
      this.calls.push(call);
      const missing = `no handler for route "${call.path}". route entry not found.`;
      const route = this.routes[`${call.method} ${call.path}`] ?? refused(404, missing);
      const answer = typeof route === "function" ? await route(call) : route;
      if (answer === "hang") return;
      if (answer === "reset") return void socket.destroy();
      const { status = 200, body = {}, headers } = answer;
      response.writeHead(status, headers).end(typeof body === "string" ? body : JSON.stringify(body));
    });
  }

  static start(): Promise<FakeVault> {
    return new FakeVault(createServer(), "http").#listen();
  }

  static startTls(options: ServerOptions): Promise<FakeVault> {
    return new FakeVault(createTlsServer(options), "https").#listen();
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get host(): string {
    return new URL(this.url).host;
  }

  /** How often this method and path were called. */
  count(route: string): number {
    return this.calls.filter(({ method, path }) => `${method} ${path}` === route).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, "close");
  }

  async #listen(): Promise<this> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return this;
  }
}

/** An answer as Vault gives for what it refuses. */
export function refused(status: number, ...errors: readonly string[]): FakeAnswer {
  return { status, body: { errors } };
}

/** The answer to a login or a renewal. */
export function granted(token: string, more: Readonly<Record<string, unknown>> = {}): FakeAnswer {
  return {
    body: {
      auth: { client_token: token, lease_duration: 3600, renewable: true, token_type: "service", ...more },
    },
  };
}
