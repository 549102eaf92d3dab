import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { IssuerMetrics } from "./metrics.ts";

/** Options of {@link serveMetrics}. */
export interface ServeMetricsOptions {
  /** 0 takes any free port. */
  readonly port: number;
  /** All interfaces unless given. */
  readonly host?: string | undefined;
  /** Told why a scrape failed. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** A running metrics server. */
export interface MetricsServer extends AsyncDisposable {
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * Serves `GET /metrics` to Prometheus over plain HTTP. A scrape that fails is a 500, never the end of the process.
 *
 * @throws when the port cannot be had
 */
export async function serveMetrics(
  metrics: Pick<IssuerMetrics, "contentType" | "text">,
  { port, host, onError = () => {} }: ServeMetricsOptions,
): Promise<MetricsServer> {
  const server = createServer(async (request, response) => {
    const plain = { "content-type": "text/plain; charset=utf-8" };
    const [path] = (request.url ?? "").split("?");
    if (path !== "/metrics") return void response.writeHead(404, plain).end("Not found. See /metrics.\n");
    if (request.method !== "GET" && request.method !== "HEAD")
      return void response.writeHead(405, { ...plain, allow: "GET, HEAD" }).end();
    try {
      const text = await metrics.text();
      response.writeHead(200, { "content-type": metrics.contentType, "cache-control": "no-store" });
      response.end(request.method === "HEAD" ? undefined : text);
    } catch (error) {
      onError(error);
      response.writeHead(500, plain).end("The metrics could not be collected.\n");
    }
  });
  // A scraper is one client that asks every few seconds; whoever dawdles gives the connection back.
  server.requestTimeout = 10_000;
  server.headersTimeout = 10_000;
  server.maxConnections = 64;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  server.on("error", onError);
  // Who is observed decides how long the process lives.
  server.unref();
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
    return stopped;
  };
  return { port: (server.address() as AddressInfo).port, stop, [Symbol.asyncDispose]: stop };
}
