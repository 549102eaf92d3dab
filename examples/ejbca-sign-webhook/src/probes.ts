import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A server for kubelet's probes, which have no client certificate. */
export interface Probes {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serves `/livez`, 200 while the process answers, and `/readyz`, 200 while it takes requests. Whether EJBCA works is no
 * part of either: a service that is taken out of the load balancer cannot say what is wrong.
 */
export async function startProbes(port: number, isReady: () => boolean): Promise<Probes> {
  const server = createServer({ requestTimeout: 5_000 }, ({ url = "", method }, response) => {
    const isFound = url === "/livez" || url === "/readyz";
    const isAllowed = method === "GET" || method === "HEAD";
    const isOk = url === "/livez" || isReady();
    const status = !isFound ? 404 : !isAllowed ? 405 : isOk ? 200 : 503;
    response.writeHead(status, {
      "content-type": "text/plain; charset=utf-8",
      "cache-control": "no-store",
      connection: "close",
      ...(status === 405 ? { allow: "GET, HEAD" } : {}),
    });
    response.end(status === 200 ? "ok\n" : status === 503 ? "draining\n" : "no\n");
  });
  server.maxConnections = 64;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(
        new Error(
          `The probes cannot listen on port ${port} (${error.code}). Choose another with --probe-port.`,
        ),
      ),
    );
    server.listen(port, resolve);
  });
  server.unref();
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
