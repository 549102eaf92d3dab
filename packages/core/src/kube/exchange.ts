import {
  type ClientRequest,
  type Agent as HttpAgent,
  type IncomingMessage,
  type RequestOptions,
  request as requestHttp,
} from "node:http";
import { request as requestHttps } from "node:https";
import type { Scheduler } from "../queue/scheduler.ts";
import type { KubeTls } from "./connection.ts";
import { KubeNetworkError, kubeNetworkError } from "./kube-network-error.ts";

/** TLS of one exchange. */
export interface ExchangeTls extends KubeTls {
  readonly serverName?: string | undefined;
  readonly skipTlsVerify?: boolean | undefined;
}

/** One HTTP exchange, complete but for its limits. */
export interface ExchangeOptions {
  readonly server: URL;
  readonly agent: HttpAgent;
  readonly method: string;
  /** Path with its query, below the server's own path. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly tls: ExchangeTls;
  readonly signal: AbortSignal | undefined;
  readonly scheduler: Scheduler;
}

/**
 * One exchange, from the request to the last byte of the answer. Whatever ends it early (abort, deadline, silence, the
 * caller) destroys the socket at once and is what the exchange fails with.
 */
export class Exchange {
  readonly #request: ClientRequest;
  readonly #options: ExchangeOptions;
  readonly #onAbort: () => void;
  #cancelTimer = () => {};
  #endedBy: { readonly error: unknown } | undefined;
  #response: IncomingMessage | undefined;
  #lastByteAt = 0;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#request = requestFor(options);
    // For what happens before head() listens and after it has settled: an error that nobody hears ends the process.
    this.#request.on("error", () => {});
    this.#onAbort = () => this.end(options.signal?.reason);
    options.signal?.addEventListener("abort", this.#onAbort);
    if (options.signal?.aborted) this.#onAbort();
  }

  /** Ends the exchange now; whoever waits for it gets the error. */
  end(error: unknown): void {
    if (this.#endedBy !== undefined) return;
    this.#endedBy = { error };
    // Without the error: Node would emit it on the socket, which may have no listener any more, and end the process.
    this.#request.destroy();
  }

  /** Ends the exchange unless it has finished after `ms` milliseconds; replaces any earlier limit. */
  limit(ms: number): void {
    this.#cancelTimer();
    const late = () =>
      this.end(
        new KubeNetworkError("timeout", `${this.#api} did not answer within ${Math.ceil(ms / 1000)} s.`),
      );
    this.#cancelTimer = this.#options.scheduler.after(ms, late);
  }

  /** Ends the exchange when no byte of the body has come for `ms` milliseconds; replaces any earlier limit. */
  limitSilence(ms: number): void {
    this.#cancelTimer();
    this.#lastByteAt = this.#options.scheduler.monotonic();
    const look = () => {
      const left = this.#lastByteAt + ms - this.#options.scheduler.monotonic();
      if (left > 0) this.#cancelTimer = this.#options.scheduler.after(left, look);
      else this.end(new KubeNetworkError("idle", `${this.#api} sent nothing for ${ms / 1000} s.`));
    };
    this.#cancelTimer = this.#options.scheduler.after(ms, look);
  }

  /** Sends the request; resolves to the head of the answer. */
  head(): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      if (this.#endedBy !== undefined) return reject(this.#endedBy.error);
      this.#request.on("error", (error) => reject(this.#failure(error)));
      this.#request.on("response", (response) => {
        this.#response = response;
        resolve(response);
      });
      this.#request.end(this.#options.body);
    });
  }

  /** The chunks of the body. */
  async *body(response: IncomingMessage): AsyncGenerator<Buffer, void, undefined> {
    try {
      for await (const chunk of response as AsyncIterable<Buffer>) {
        this.#lastByteAt = this.#options.scheduler.monotonic();
        yield chunk;
      }
    } catch (error) {
      throw this.#failure(error);
    }
    // An answer that was complete but unread when the exchange was ended has been thrown away.
    if (this.#endedBy !== undefined) throw this.#endedBy.error;
  }

  /** Lets go of timer and signal. An exchange that is not finished is cut; a finished socket goes back to its agent. */
  release(): void {
    this.#cancelTimer();
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    if (!this.#response?.readableEnded) this.#request.destroy();
  }

  get #api(): string {
    return `The Kubernetes API at ${this.#options.server.origin}`;
  }

  #failure(error: unknown): unknown {
    if (this.#endedBy !== undefined) return this.#endedBy.error;
    return kubeNetworkError(error, this.#options.server.origin, this.#response !== undefined);
  }
}

function requestFor(options: ExchangeOptions): ClientRequest {
  const { server, agent, method, path, headers, body, tls } = options;
  const common: RequestOptions = {
    agent,
    method,
    hostname: server.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: server.port,
    path: server.pathname.replace(/\/$/, "") + path,
    headers: body === undefined ? headers : { ...headers, "content-length": String(Buffer.byteLength(body)) },
  };
  if (server.protocol === "http:") return requestHttp(common);
  return requestHttps({
    ...common,
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls.key === undefined ? {} : { key: tls.key }),
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
    ...(tls.skipTlsVerify === true ? { rejectUnauthorized: false } : {}),
  });
}
