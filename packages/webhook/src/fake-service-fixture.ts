import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import { TLSSocket } from "node:tls";

/** One call as the fake saw it. */
export interface FakeCall {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly json: Readonly<Record<string, unknown>>;
  /** Common name of the client's certificate, where TLS asks for one. */
  readonly clientName: string | undefined;
}

/** What the fake answers: an object is sent as JSON. `hang` never answers, `reset` breaks the connection. */
export type FakeEnd =
  | {
      readonly status?: number;
      readonly body?: object | string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | "hang"
  | "reset";

/** Answers the calls of one path. */
export type FakeRoute = FakeEnd | ((call: FakeCall) => FakeEnd | Promise<FakeEnd>);

/** For tests: a service that answers as it is told, by method and path; everything else is a 404. */
export class FakeService implements AsyncDisposable {
  readonly calls: FakeCall[] = [];
  readonly routes: Record<string, FakeRoute> = {};
  readonly #server: Server;
  readonly #scheme: string;

  private constructor(server: Server, scheme: string) {
    this.#server = server;
    this.#scheme = scheme;
    server.on("request", async (request, response) => {
      let text = "";
      for await (const chunk of request.setEncoding("utf8")) text += chunk;
      const { socket } = request;
      const call: FakeCall = {
        method: request.method ?? "",
        path: request.url ?? "",
        headers: request.headers,
        json: text === "" ? {} : JSON.parse(text),
        clientName:
          socket instanceof TLSSocket ? String(socket.getPeerCertificate().subject?.CN ?? "") : undefined,
      };
      this.calls.push(call);
      const route = this.routes[`${call.method} ${call.path}`] ?? { status: 404 };
      const end = typeof route === "function" ? await route(call) : route;
      if (end === "hang") return;
      if (end === "reset") return void socket.destroy();
      const { status = 200, body = {}, headers } = end;
      response.writeHead(status, headers).end(typeof body === "string" ? body : JSON.stringify(body));
    });
  }

  static start(tls?: ServerOptions): Promise<FakeService> {
    return tls === undefined
      ? new FakeService(createServer(), "http").#listen()
      : new FakeService(createTlsServer(tls), "https").#listen();
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
