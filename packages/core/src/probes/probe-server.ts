import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Scheduler, systemScheduler } from "../queue/scheduler.ts";
import type { IssuerHealth } from "./issuer-health.ts";
import { LoopLag } from "./loop-lag.ts";
import { livezChecks, type ProbeCheck, readyzChecks } from "./probe-checks.ts";

/** Options of {@link startProbeServer}. */
export interface ProbeServerOptions {
  /** TCP port; 0 takes a free one. */
  readonly port: number;
  /** Address to listen on; all by default, since kubelet asks by the pod's address. */
  readonly host?: string | undefined;
  /** Asked anew for each probe; undefined while the issuer has not been started. */
  readonly health: () => IssuerHealth | undefined;
  readonly scheduler?: Scheduler | undefined;
}

/** A server for kubelet's probes. */
export interface ProbeServer extends AsyncDisposable {
  readonly port: number;
  /** Cuts every connection; resolves when the port is free. */
  close(): Promise<void>;
}

/** A probe is a line or two; nothing else has business here. */
const maxConnections = 64;
const requestTimeoutMs = 5_000;

/**
 * Serves `/livez`, `/readyz` and `/healthz`, which is `/livez` by its old name: 200 when every check passes, else 503, and
 * one line for each check in either case. Does not keep the process alive.
 *
 * @throws Error with one line that says what to do when the port cannot be had
 */
export async function startProbeServer(options: ProbeServerOptions): Promise<ProbeServer> {
  const { port, host, health, scheduler = systemScheduler } = options;
  const lag = new LoopLag(scheduler);
  const livez = () => livezChecks(health(), lag.ms);
  const probes = new Map<string, () => readonly ProbeCheck[]>([
    ["/livez", livez],
    ["/healthz", livez],
    ["/readyz", () => readyzChecks(health())],
  ]);
  const server = createServer({ requestTimeout: requestTimeoutMs }, (request, response) =>
    answer(probes, request, response),
  );
  server.maxConnections = maxConnections;
  const close = () =>
    new Promise<void>((resolve) => {
      lag.stop();
      server.close(() => resolve());
      server.closeAllConnections();
    });
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen(port, host, resolve);
    });
  } catch (error) {
    lag.stop();
    const code = error instanceof Error && "code" in error ? error.code : error;
    throw new Error(`The probes cannot listen on port ${port} (${code}). Choose another with --probe-port.`, {
      cause: error,
    });
  }
  // What still goes wrong, such as no file descriptor for a connection, concerns that connection alone.
  server.on("error", () => {});
  server.unref();
  return { port: (server.address() as AddressInfo).port, close, [Symbol.asyncDispose]: close };
}

function answer(
  probes: ReadonlyMap<string, () => readonly ProbeCheck[]>,
  { url = "", method }: IncomingMessage,
  response: ServerResponse,
): void {
  response.setHeader("content-type", "text/plain; charset=utf-8");
  response.setHeader("cache-control", "no-store");
  response.setHeader("x-content-type-options", "nosniff");
  response.setHeader("connection", "close");
  const path = url.split("?", 1)[0] ?? "";
  const probe = probes.get(path);
  if (probe === undefined) {
    response.writeHead(404).end("not found\n");
  } else if (method !== "GET" && method !== "HEAD") {
    response.writeHead(405, { allow: "GET, HEAD" }).end("method not allowed\n");
  } else {
    const checks = probe();
    const ok = checks.every(({ problem }) => problem === undefined);
    response.writeHead(ok ? 200 : 503).end(page(path.slice(1), checks, ok));
  }
}

/** In the form of kube-apiserver's own `?verbose` pages. */
function page(probe: string, checks: readonly ProbeCheck[], ok: boolean): string {
  const lines = checks.map(({ name, problem }) =>
    problem === undefined ? `[+]${name} ok` : `[-]${name}: ${problem}`,
  );
  return `${[...lines, `${probe} ${ok ? "passed" : "failed"}`].join("\n")}\n`;
}
