import { once } from "node:events";
import {
  createServer,
  type IncomingMessage,
  request as requestHttp,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createHttps } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { PemPair } from "./tls-fixture.ts";

/** What a proxy saw. */
export interface ProxiedRequest {
  readonly method: string;
  /** `host:port` of a tunnel, the whole URL of a plain request. */
  readonly target: string;
  readonly headers: IncomingMessage["headers"];
}

/** How the proxy behaves. */
export interface ProxyFixtureOptions {
  /** `user:password` that it wants. */
  readonly credentials?: string;
  /** TLS of the proxy itself. */
  readonly tls?: PemPair;
  /** Host and port that it connects to instead, so that a name can stand for a local server. */
  readonly upstream?: { readonly host: string; readonly port: number };
  /** What it does with a CONNECT instead of serving it. */
  readonly onConnect?: (socket: Duplex) => void;
}

/** For tests: a forward proxy on loopback, CONNECT and absolute form. */
export class ProxyFixture implements AsyncDisposable {
  readonly seen: ProxiedRequest[] = [];
  readonly #server: Server;
  readonly #options: ProxyFixtureOptions;
  readonly #sockets = new Set<Duplex>();

  private constructor(options: ProxyFixtureOptions) {
    this.#options = options;
    const listener = (request: IncomingMessage, response: ServerResponse) => this.#forward(request, response);
    this.#server = options.tls === undefined ? createServer(listener) : createHttps(options.tls, listener);
    this.#server.on("connect", (request: IncomingMessage, socket: Duplex) => this.#tunnel(request, socket));
    this.#server.on("connection", (socket: Socket) => this.#hold(socket));
  }

  static async start(options: ProxyFixtureOptions = {}): Promise<ProxyFixture> {
    const proxy = new ProxyFixture(options);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Its URL, with credentials if they are given. */
  url(credentials = ""): string {
    const scheme = this.#options.tls === undefined ? "http" : "https";
    return `${scheme}://${credentials === "" ? "" : `${credentials}@`}127.0.0.1:${this.port}`;
  }

  /** Connections that are open, to clients and to targets. */
  get open(): number {
    return this.#sockets.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  #hold(socket: Duplex): void {
    this.#sockets.add(socket);
    socket.on("error", () => {}).on("close", () => this.#sockets.delete(socket));
  }

  #record({ method = "", url = "", headers }: IncomingMessage): boolean {
    this.seen.push({ method, target: url, headers });
    const { credentials } = this.#options;
    if (credentials === undefined) return true;
    return headers["proxy-authorization"] === `Basic ${Buffer.from(credentials).toString("base64")}`;
  }

  #tunnel(request: IncomingMessage, client: Duplex): void {
    this.#hold(client);
    const isAllowed = this.#record(request);
    if (this.#options.onConnect !== undefined) {
      // The server's sockets are half-open: they end only when they are told to.
      client.on("end", () => client.end()).resume();
      this.#options.onConnect(client);
      return;
    }
    if (!isAllowed) {
      client.end("HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\n\r\n");
      return;
    }
    const { hostname, port } = new URL(`http://${request.url}`);
    const target = connect(this.#options.upstream ?? { host: hostname, port: Number(port) });
    this.#hold(target);
    target.on("connect", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      client.pipe(target).pipe(client);
    });
    target.on("error", () => client.end("HTTP/1.1 502 Bad Gateway\r\n\r\n"));
    target.on("close", () => client.destroy());
    client.on("close", () => target.destroy());
  }

  #forward(request: IncomingMessage, response: ServerResponse): void {
    if (!this.#record(request)) {
      response.writeHead(407).end();
      return;
    }
    const { hostname, port, pathname, search } = new URL(request.url ?? "");
    const { "proxy-authorization": _, ...headers } = request.headers;
    const to = this.#options.upstream ?? { host: hostname, port: Number(port) };
    const upstream = requestHttp(
      { ...to, method: request.method, path: pathname + search, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    upstream.on("error", () => response.writeHead(502).end());
    request.pipe(upstream);
  }
}
