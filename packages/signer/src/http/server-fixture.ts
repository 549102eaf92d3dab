import { once } from "node:events";
import { createServer as createHttp, type RequestListener } from "node:http";
import { createServer as createHttps, type ServerOptions } from "node:https";
import { type AddressInfo, createServer as createTcp, type Server, type Socket } from "node:net";

/** For tests: a server on loopback that counts its connections and can break them. */
export class ServerFixture implements AsyncDisposable {
  /** Connections so far. */
  accepted = 0;
  readonly sockets = new Set<Socket>();
  readonly #server: Server;
  readonly #scheme: string;

  private constructor(server: Server, scheme: string) {
    this.#server = server;
    this.#scheme = scheme;
    server.on("connection", (socket: Socket) => {
      this.accepted += 1;
      this.sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => this.sockets.delete(socket));
    });
    server.on("tlsClientError", () => {});
  }

  static http(listener: RequestListener): Promise<ServerFixture> {
    return new ServerFixture(createHttp(listener), "http").#listen();
  }

  static https(options: ServerOptions, listener: RequestListener): Promise<ServerFixture> {
    return new ServerFixture(createHttps(options, listener), "https").#listen();
  }

  /** A server that speaks whatever the listener writes. */
  static raw(listener: (socket: Socket) => void, scheme = "http"): Promise<ServerFixture> {
    return new ServerFixture(createTcp(listener), scheme).#listen();
  }

  /** A server that answers every request with these bytes, whatever they are. */
  static answering(bytes: string): Promise<ServerFixture> {
    return ServerFixture.raw((socket) => void socket.once("data", () => socket.write(bytes)));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.port}`;
  }

  /** The server under another name than its address. */
  at(host: string): string {
    return `${this.#scheme}://${host}:${this.port}`;
  }

  /** Refuses new connections from now on, and keeps those it has. */
  async stopListening(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
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

/** A port on loopback where nothing listens. */
export async function closedPort(): Promise<number> {
  await using server = await ServerFixture.raw(() => {});
  return server.port;
}

/** The error that a call ends with. */
export function failureOf(call: Promise<unknown>): Promise<Error> {
  return call.then(
    () => {
      throw new Error("the call should have failed");
    },
    (error: Error) => error,
  );
}
