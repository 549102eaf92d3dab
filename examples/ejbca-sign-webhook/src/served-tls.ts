import { createSecureContext } from "node:tls";
import {
  type FileContents,
  type SignServer,
  type SignServerTls,
  WatchedFiles,
  type WatchedFilesOptions,
} from "@countersign/issuer-webhook/server";
import type { ServiceConfig } from "./config.ts";

/** The server's TLS from files, which may be rotated. */
export class ServedTls {
  #current: SignServerTls | undefined;
  #server: SignServer | undefined;
  #files: WatchedFiles | undefined;

  /** Reads the files; rejects where they are not there, or do not belong together. */
  static async start(
    { tls, clients, reloadEvery: everyMs }: Pick<ServiceConfig, "tls" | "clients" | "reloadEvery">,
    told: Pick<WatchedFilesOptions, "onProblem" | "onChange">,
  ): Promise<ServedTls> {
    const served = new ServedTls();
    if (tls === undefined) return served;
    served.#files = await WatchedFiles.start({
      files: {
        cert: { path: tls.certFile },
        key: { path: tls.keyFile },
        ...(clients === undefined ? {} : { clientCa: { path: clients.caFile } }),
      },
      use: (contents) => served.#use(contents),
      ...told,
      everyMs,
    });
    return served;
  }

  /** Undefined for plain HTTP. */
  get current(): SignServerTls | undefined {
    return this.#current;
  }

  /** Has the server show each new certificate. */
  serveBy(server: SignServer): void {
    this.#server = server;
  }

  async look(): Promise<void> {
    await this.#files?.look();
  }

  async close(): Promise<void> {
    await this.#files?.close();
  }

  #use({ cert, key, clientCa }: FileContents): void {
    const next = {
      cert: String(cert),
      key: String(key),
      ...(clientCa === undefined ? {} : { clientCa: String(clientCa) }),
    };
    try {
      createSecureContext({ cert: next.cert, key: next.key, ca: next.clientCa });
    } catch {
      throw new Error(
        "The TLS certificate, its key and the CAs of clients are not PEM, or do not belong together. Store a matching pair.",
      );
    }
    this.#current = next;
    this.#server?.replaceTls(next);
  }
}
