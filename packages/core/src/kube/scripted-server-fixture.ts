import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { text } from "node:stream/consumers";
import { connectionTo } from "./connection.ts";
import { KubeTransport, type KubeTransportOptions } from "./transport.ts";

/** A request as it came. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** Answers one request, well or badly. */
export type Script = (response: ServerResponse, request: SeenRequest) => void | Promise<void>;

/** A real HTTP server on loopback that does what a script says, and counts connections. */
export class ScriptedServer implements AsyncDisposable {
  readonly requests: SeenRequest[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #transports: KubeTransport[] = [];
  accepted = 0;
  script: Script;

  constructor(script: Script) {
    this.script = script;
    this.#server = createServer(async (request, response) => {
      const url = new URL(request.url ?? "/", "http://server");
      const seen = {
        method: request.method ?? "",
        path: url.pathname,
        query: url.searchParams,
        headers: request.headers,
        body: await text(request).catch(() => ""),
      };
      this.requests.push(seen);
      await this.script(response, seen);
    });
    this.#server.on("connection", (socket: Socket) => {
      this.accepted += 1;
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
  }

  static async start(script: Script): Promise<ScriptedServer> {
    const server = new ScriptedServer(script);
    await server.listen(0);
    return server;
  }

  async listen(port: number): Promise<void> {
    this.#server.listen(port, "127.0.0.1");
    await once(this.#server, "listening");
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#sockets.size;
  }

  /** A transport to this server; closed with it. */
  transport(options: Partial<KubeTransportOptions> = {}): KubeTransport {
    const connection = connectionTo({ server: this.url });
    const transport = new KubeTransport({ connection, userAgent: "test/1.0", ...options });
    this.#transports.push(transport);
    return transport;
  }

  /** Stops listening and cuts every connection. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    if (this.#server.listening) await once(this.#server, "close");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const transport of this.#transports) transport.close();
    await this.close();
  }
}

/** Answers with JSON. */
export function json(response: ServerResponse, status: number, body: unknown, headers = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

/** Answers with a metav1.Status. */
export function failure(
  response: ServerResponse,
  code: number,
  reason: string,
  message = reason,
  headers = {},
): void {
  json(
    response,
    code,
    { kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message },
    headers,
  );
}

/** Cuts the connection with a TCP reset. */
export function reset(response: ServerResponse): void {
  response.socket?.resetAndDestroy();
}
