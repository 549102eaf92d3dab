import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { TLSSocket } from "node:tls";
import { Refused, type SimulatorAnswer, type SimulatorCall } from "./answer.ts";
import { Faults } from "./faults.ts";
import { newTlsIdentity } from "./tls-identity.ts";

const maxBodyBytes = 1024 * 1024;

/** Options of {@link startSimulatorServer}. */
export interface SimulatorServerOptions {
  /** Answers a call; may throw {@link Refused}. Anything else that it throws is answered 500 and rethrown by `stop`. */
  readonly handle: (call: SimulatorCall) => SimulatorAnswer | Promise<SimulatorAnswer>;
  /** 0, a free one, unless given. */
  readonly port?: number | undefined;
  /** PEM of the CA whose client certificates are trusted; none is asked for unless given. */
  readonly clientCaPem?: string | undefined;
}

/** A call and how it ended, as an access log has it. */
export interface LoggedCall {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly method: string;
  readonly path: string;
  /** HTTP status; 0 while it is under way and where no answer was sent. */
  status: number;
}

/** A running HTTPS server of a simulator, on 127.0.0.1. */
export interface SimulatorServer {
  /** `https://127.0.0.1:PORT`: the vendor's clients accept nothing below the root path. */
  readonly url: string;
  /** PEM of the CA that has signed the server's TLS certificate. */
  readonly caPem: string;
  readonly faults: Faults;
  readonly calls: readonly LoggedCall[];
  /** Ends every connection. Rejects where a handler failed in a way that is a fault of the simulator. */
  stop(): Promise<void>;
}

/** Starts the server, with a new TLS certificate for 127.0.0.1 and localhost. */
export async function startSimulatorServer(options: SimulatorServerOptions): Promise<SimulatorServer> {
  const faults = new Faults();
  const calls: LoggedCall[] = [];
  const failures: unknown[] = [];
  const { caPem, cert, key } = await newTlsIdentity();
  const { clientCaPem } = options;
  const mutual = clientCaPem === undefined ? {} : { ca: clientCaPem, requestCert: true };
  // A certificate that is not trusted is the authorisation's business, not the handshake's.
  const server = createServer({ cert, key, ...mutual, rejectUnauthorized: false }, (request, response) => {
    // A client that has gone is no trouble of the server's.
    response.on("error", () => {});
    serve(request, response).catch((error: unknown) => {
      failures.push(error);
      send(response, { status: 500, text: "the simulator failed" });
    });
  });
  server.on("tlsClientError", () => {});

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url: target = "/" } = request;
    const logged: LoggedCall = { time: Date.now(), method, path: target.split("?", 1)[0] ?? "", status: 0 };
    calls.push(logged);
    const body = await readBody(request);
    if (body === undefined) return;
    const fault = faults.take(logged.path);
    const reset = () => void request.socket.destroy();
    if (fault?.kind === "hang") return faults.hanging(reset);
    if (fault?.kind === "reset") return reset();
    if (fault?.kind === "delay") await delay(fault.ms);
    const answer = fault?.kind === "answer" ? fault.answer : await handle(request, body);
    if (fault?.kind === "loseAnswer") return reset();
    logged.status = answer.status;
    send(response, answer);
  }

  async function handle(request: IncomingMessage, body: string): Promise<SimulatorAnswer> {
    const call = callOf(request, body);
    if (call === undefined) return { status: 400, text: "Bad Request - Invalid URL" };
    try {
      return await options.handle(call);
    } catch (error) {
      if (error instanceof Refused) return error.answer;
      throw error;
    }
  }

  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    caPem,
    faults,
    calls,
    async stop() {
      faults.calm();
      if (server.listening) {
        server.closeAllConnections();
        await new Promise((done) => server.close(done));
      }
      if (failures.length > 0) throw new AggregateError(failures.splice(0), "the simulator failed to answer");
    },
  };
}

/** The body; undefined where the client went away or sent more than anybody reads. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  let body = "";
  try {
    for await (const chunk of request.setEncoding("utf8")) {
      body += chunk;
      if (body.length > maxBodyBytes) {
        request.destroy();
        return undefined;
      }
    }
  } catch {
    return undefined;
  }
  return body;
}

/** The call; undefined for a URL that is none. */
function callOf(request: IncomingMessage, body: string): SimulatorCall | undefined {
  const url = URL.parse(request.url ?? "/", "https://simulator");
  const segments = url === null ? undefined : decoded(url.pathname.slice(1).split("/"));
  if (url === null || segments === undefined) return undefined;
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(request.headers))
    headers[name] = Array.isArray(value) ? value.join(", ") : value;
  const { socket, method = "" } = request;
  const clientCertificate =
    socket instanceof TLSSocket && socket.authorized ? socket.getPeerCertificate() : undefined;
  const { pathname: path, searchParams: query } = url;
  return { method, path, segments, query, headers, body, clientCertificate };
}

function decoded(segments: readonly string[]): string[] | undefined {
  try {
    return segments.map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

function send(response: ServerResponse, { status, reason, headers, json, text }: SimulatorAnswer): void {
  if (response.headersSent) return;
  const content = text ?? (json === undefined ? "" : JSON.stringify(json));
  const type = text === undefined ? "application/json; charset=utf-8" : "text/plain";
  const head = { ...(content === "" ? {} : { "content-type": type }), ...headers };
  // What a status line cannot hold would be an error of node:http.
  if (reason === undefined) response.writeHead(status, head);
  else response.writeHead(status, reason.replace(/[^\x20-\x7e]/g, " "), head);
  response.end(content);
}
