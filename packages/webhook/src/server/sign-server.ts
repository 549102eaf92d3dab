import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { type Clock, systemClock } from "@countersign/issuer-signer";
import { HttpProblem, type ProblemCode, problemBody } from "./http-problem.ts";
import type { SignService } from "./sign-service.ts";

/** TLS of a server, as PEM. */
export interface SignServerTls {
  /** The server's certificate with its chain, and its key. */
  readonly cert: string;
  readonly key: string;
  /** The CAs of clients: every client is asked for a certificate, and may come without one. */
  readonly clientCa?: string | undefined;
}

/** What {@link startSignServer} needs. */
export interface SignServerOptions {
  readonly service: SignService;
  /** TCP port; 0 takes a free one. */
  readonly port: number;
  /** Address to listen on; all unless given. */
  readonly host?: string | undefined;
  /** Without it the server speaks plain HTTP: for loopback, and behind what ends TLS. */
  readonly tls?: SignServerTls | undefined;
  /** From the beginning of a request to the end of its headers, in milliseconds; 10,000 unless given. */
  readonly headersTimeoutMs?: number | undefined;
  readonly clock?: Clock | undefined;
}

/** A server that signs. */
export interface SignServer extends AsyncDisposable {
  readonly port: number;
  /** Shows another certificate and trusts other CAs of clients from now on; who is connected has to connect again. */
  replaceTls(tls: SignServerTls): void;
  /**
   * Takes no connections any more, and ends when those that are there have their answers, or after so many milliseconds:
   * then calls of the signer are ended, and the rest is cut off.
   */
  stop(drainMs: number): Promise<void>;
}

/** Bounds of the server itself; those of a request are the service's. */
const bounds = Object.freeze({
  /** Above every deadline of the service: only what escapes those ends here. */
  requestTimeout: 60_000,
  /** Node looks for slow clients so often. */
  connectionsCheckingInterval: 1_000,
  /** Above that of clients, which then are the ones who close. */
  keepAliveTimeout: 65_000,
  maxHeaderSize: 32 * 1024,
  handshakeTimeout: 10_000,
  maxConnections: 1_024,
});

/** For answers that are on their way when calls are ended. */
const farewellMs = 500;

/** Starts to listen. Rejects with one line where the port cannot be had, or the TLS material is none. */
export async function startSignServer(options: SignServerOptions): Promise<SignServer> {
  const {
    service,
    port,
    host,
    tls,
    headersTimeoutMs: headersTimeout = 10_000,
    clock = systemClock,
  } = options;
  const limits = { ...bounds, headersTimeout };
  const server =
    tls === undefined ? createServer(limits) : createTlsServer({ ...limits, ...tlsOptions(tls) });
  server.maxConnections = bounds.maxConnections;
  const underWay = new Set<ServerResponse>();
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    underWay.add(response);
    response.once("close", () => underWay.delete(response));
    void service.handle(request, response);
  };
  server.on("request", handle).on("checkContinue", handle).on("clientError", refuse);
  await listening(server, port, host);
  let stopped: Promise<void> | undefined;
  const stop = (drainMs: number): Promise<void> => {
    stopped ??= (async () => {
      service.drain();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const cancelAbort = clock.after(drainMs, () => service.abort());
      const cancelCut = clock.after(drainMs + farewellMs, () => server.closeAllConnections());
      await closed;
      cancelAbort();
      cancelCut();
      service.abort();
    })();
    return stopped;
  };
  return {
    port: (server.address() as AddressInfo).port,
    replaceTls(next) {
      if (!("setSecureContext" in server)) throw new TypeError("Expected a server with TLS, got plain HTTP");
      // Tickets of the old context do not open a session of the new one: its ticket keys are others.
      (server as TlsServer).setSecureContext(tlsOptions(next));
      // A connection that the old CAs have opened ends with the answer that it waits for.
      for (const response of underWay) response.shouldKeepAlive = false;
      server.closeIdleConnections();
    },
    stop,
    [Symbol.asyncDispose]: () => stop(0),
  };
}

function tlsOptions({ cert, key, clientCa }: SignServerTls) {
  return {
    cert,
    key,
    minVersion: "TLSv1.2" as const,
    ...(clientCa === undefined
      ? {}
      : // Without a certificate, or with a wrong one, a client is told so in words rather than by an alert.
        { ca: clientCa, requestCert: true, rejectUnauthorized: false }),
  };
}

function listening(server: Server, port: number, host: string | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const reason = `Cannot listen on ${host ?? ""}:${port} (${error.code ?? error.message}).`;
      reject(new Error(`${reason} Choose another port, or end what uses it.`, { cause: error }));
    });
    server.listen(port, host, () => {
      server.removeAllListeners("error");
      // What still goes wrong, such as no file descriptor for a connection, concerns that connection alone.
      server.on("error", () => {});
      resolve();
    });
  });
}

/** What Node's parser refuses, with the status that fits; the request never becomes one. */
const parserProblems: Readonly<Record<string, readonly [number, ProblemCode, string]>> = Object.freeze({
  ERR_HTTP_REQUEST_TIMEOUT: [408, "body_timeout", "The request did not come in time."],
  HPE_HEADER_OVERFLOW: [431, "headers_too_large", "The headers are too large."],
});

function refuse(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === "ECONNRESET" || !socket.writable) return void socket.destroy();
  const [status, code, message] = parserProblems[error.code ?? ""] ?? [
    400,
    "malformed_request",
    "This is not HTTP/1.1 as RFC 9112 has it.",
  ];
  const body = `${JSON.stringify(problemBody(new HttpProblem({ status, code, message })))}\n`;
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}
