import { Agent as HttpAgent, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { pause, type Scheduler, systemScheduler, untilAborted, within } from "../queue/scheduler.ts";
import { errorOf, parseAnswer, protocolError, readBody, tooLarge } from "./answer.ts";
import { checkServer, type KubeConnection } from "./connection.ts";
import { Exchange, type ExchangeTls } from "./exchange.ts";
import { isKubeApiError } from "./kube-api-error.ts";
import { isKubeNetworkError, KubeNetworkError } from "./kube-network-error.ts";
import { LineSplitter } from "./line-splitter.ts";

/** Query parameters; an undefined one is left out. */
export type KubeQuery = Readonly<Record<string, string | number | boolean | undefined>>;

/** One call of the Kubernetes API. */
export interface KubeRequest {
  /** `GET` unless given. */
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | undefined;
  /** As {@link resourcePath} makes it. */
  readonly path: string;
  readonly query?: KubeQuery | undefined;
  /** Sent as JSON; a string is sent as it is. */
  readonly body?: unknown;
  /** Media type of the body: `application/json` unless given. */
  readonly contentType?: string | undefined;
  /** `application/json` unless given. */
  readonly accept?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** From the call to the last byte of the answer, repeats included, in milliseconds. */
  readonly timeoutMs?: number | undefined;
}

/** A call whose answer is a stream of JSON lines. */
export interface KubeStreamRequest {
  readonly path: string;
  readonly query?: KubeQuery | undefined;
  readonly signal?: AbortSignal | undefined;
  /** From the call to the head of the answer, in milliseconds. */
  readonly timeoutMs?: number | undefined;
  /** The longest silence on the stream, in milliseconds. */
  readonly idleTimeoutMs?: number | undefined;
  /** Called when the head of the answer has come. */
  readonly onOpen?: (() => void) | undefined;
}

/** Options of a transport. */
export interface KubeTransportOptions {
  readonly connection: KubeConnection;
  /** Sent as `User-Agent`: the API server's audit log shows it. */
  readonly userAgent: string;
  /** Connections for calls; further calls wait for one. Watches have their own. */
  readonly maxConnections?: number | undefined;
  /** Largest answer to a call, in bytes. */
  readonly maxBodyBytes?: number | undefined;
  /** Longest line of a stream, in bytes. */
  readonly maxLineBytes?: number | undefined;
  readonly scheduler?: Scheduler | undefined;
}

/** The defaults of calls and streams. */
export const kubeTransportDefaults = Object.freeze({
  /** An API server that needs longer is overloaded or gone. */
  timeoutMs: 30_000,
  /** Bookmarks come every 60 s; kopf found 70 s to be the shortest safe limit. */
  idleTimeoutMs: 70_000,
  /** A quarter of what the API server lets in for writes at once (max-mutating-requests-inflight is 200). */
  maxConnections: 50,
  /** A page of 500 objects of 100 KiB; the largest single object is about 3 MiB. */
  maxBodyBytes: 64 * 1024 * 1024,
  /** One watch event: the largest object with room to spare. */
  maxLineBytes: 16 * 1024 * 1024,
  /** Repeats within one call: after 429 with Retry-After, and of GETs whose connection broke before an answer. */
  maxRepeats: 2,
});

/** Below the API server's own 90 s, so that it is not the server that closes a connection which we are about to use. */
const idleConnectionMs = 60_000;
const tcpKeepAliveMs = 30_000;

/**
 * HTTP to one Kubernetes API server, on keep-alive connections. Answers that are errors are thrown as KubeApiError, a
 * missing answer as KubeNetworkError, and an abort as the signal's reason.
 */
export class KubeTransport {
  readonly #connection: KubeConnection;
  readonly #server: URL;
  readonly #userAgent: string;
  readonly #scheduler: Scheduler;
  readonly #maxBodyBytes: number;
  readonly #maxLineBytes: number;
  readonly #calls: HttpAgent;
  readonly #watches: HttpAgent;
  readonly #running = new Set<Exchange>();
  #closed = false;

  constructor(options: KubeTransportOptions) {
    const { connection, maxConnections = kubeTransportDefaults.maxConnections } = options;
    if (!(Number.isInteger(maxConnections) && maxConnections >= 1)) {
      throw new TypeError(
        `Expected \`maxConnections\` to be an integer from 1 up, got \`${maxConnections}\``,
      );
    }
    this.#connection = connection;
    this.#server = checkServer(connection.server, { allowPlainHttp: connection.skipTlsVerify === true });
    this.#userAgent = options.userAgent;
    this.#scheduler = options.scheduler ?? systemScheduler;
    this.#maxBodyBytes = options.maxBodyBytes ?? kubeTransportDefaults.maxBodyBytes;
    this.#maxLineBytes = options.maxLineBytes ?? kubeTransportDefaults.maxLineBytes;
    const secure = this.#server.protocol === "https:";
    const agent = (maxSockets: number) => {
      const common = {
        keepAlive: true,
        keepAliveMsecs: tcpKeepAliveMs,
        timeout: idleConnectionMs,
        maxSockets,
      };
      return secure ? new HttpsAgent(common) : new HttpAgent(common);
    };
    this.#calls = connection.agents?.calls ?? agent(maxConnections);
    this.#watches = connection.agents?.watches ?? agent(Number.POSITIVE_INFINITY);
  }

  /** The namespace that the pod or the kubeconfig context names. */
  get namespace(): string | undefined {
    return this.#connection.namespace;
  }

  /** Scheme, host and port of the API server. */
  get origin(): string {
    return this.#server.origin;
  }

  /**
   * One call; resolves to the parsed answer, or undefined when it is empty. A write is repeated only after 429 with
   * Retry-After or after 401 with fresh credentials: both mean that it was not carried out.
   */
  async request<T = unknown>(options: KubeRequest): Promise<T> {
    const deadline = this.#scheduler.monotonic() + (options.timeoutMs ?? kubeTransportDefaults.timeoutMs);
    for (let repeats = 0; ; repeats += 1) {
      try {
        return (await this.#call(options, deadline)) as T;
      } catch (error) {
        const wait = repeatAfter(error, options.method ?? "GET");
        const inTime = wait !== undefined && this.#scheduler.monotonic() + wait < deadline;
        if (!inTime || repeats >= kubeTransportDefaults.maxRepeats) throw error;
        await pause(this.#scheduler, wait, options.signal);
        options.signal?.throwIfAborted();
      }
    }
  }

  /**
   * A watch, or any other stream of JSON lines. Ends when the server ends it; an abort, a broken connection, silence and
   * a broken line are thrown. Leaving the loop closes the connection at once.
   */
  async *stream(options: KubeStreamRequest): AsyncGenerator<unknown, void, undefined> {
    const timeoutMs = options.timeoutMs ?? kubeTransportDefaults.timeoutMs;
    const splitter = new LineSplitter(this.#maxLineBytes, () => tooLarge(options.path, this.#maxLineBytes));
    const { exchange, response } = await this.#open(options, this.#watches, timeoutMs);
    try {
      exchange.limitSilence(options.idleTimeoutMs ?? kubeTransportDefaults.idleTimeoutMs);
      options.onOpen?.();
      for await (const chunk of exchange.body(response)) {
        for (const line of splitter.push(chunk)) yield parseAnswer(line, options.path);
      }
      if (splitter.pendingBytes > 0) throw protocolError(options.path, "ended in the middle of a line");
    } finally {
      this.#release(exchange);
    }
  }

  /** Ends every call and stream and closes all connections. */
  close(): void {
    this.#closed = true;
    for (const exchange of this.#running) exchange.end(closedError());
    this.#calls.destroy();
    this.#watches.destroy();
  }

  async #call(options: KubeRequest, deadline: number): Promise<unknown> {
    const timeoutMs = Math.max(1, deadline - this.#scheduler.monotonic());
    const { exchange, response } = await this.#open(options, this.#calls, timeoutMs);
    try {
      const body = await readBody(exchange, response, options.path, this.#maxBodyBytes);
      return body === "" ? undefined : parseAnswer(body, options.path);
    } finally {
      this.#release(exchange);
    }
  }

  /** The head of a 2xx answer; after a 401 once again with fresh credentials. The caller releases the exchange. */
  async #open(options: KubeRequest, agent: HttpAgent, timeoutMs: number): Promise<OpenExchange> {
    for (let refresh = false; ; refresh = true) {
      const exchange = await this.#exchange(options, agent, refresh, timeoutMs);
      try {
        exchange.limit(timeoutMs);
        const response = await exchange.head();
        const status = response.statusCode ?? 0;
        if (status >= 200 && status <= 299) return { exchange, response };
        const error = await errorOf(
          exchange,
          response,
          `${options.method ?? "GET"} ${options.path}`,
          this.#maxBodyBytes,
        );
        if (status !== 401 || refresh) throw error;
      } catch (error) {
        this.#release(exchange);
        throw error;
      }
      this.#release(exchange);
    }
  }

  async #exchange(
    options: KubeRequest,
    agent: HttpAgent,
    refresh: boolean,
    timeoutMs: number,
  ): Promise<Exchange> {
    const asked = within(this.#scheduler, timeoutMs, this.#credentials(refresh), () =>
      this.#noCredentials("timeout"),
    );
    const { headers, tls } = await untilAborted(asked, options.signal);
    if (this.#closed) throw closedError();
    const body = options.body === undefined ? undefined : text(options.body);
    const exchange = new Exchange({
      server: this.#server,
      agent,
      method: options.method ?? "GET",
      path: options.path + search(options.query),
      headers: {
        accept: options.accept ?? "application/json",
        "user-agent": this.#userAgent,
        ...(body === undefined ? {} : { "content-type": options.contentType ?? "application/json" }),
        ...headers,
      },
      body,
      tls,
      signal: options.signal,
      scheduler: this.#scheduler,
    });
    this.#running.add(exchange);
    return exchange;
  }

  async #credentials(refresh: boolean): Promise<Credentials> {
    const { ca, cert, key, serverName, skipTlsVerify } = this.#connection;
    try {
      const headers = (await this.#connection.authorize?.({ refresh })) ?? {};
      const tls = (await this.#connection.tls?.()) ?? { ca, cert, key };
      return { headers, tls: { ...tls, serverName, skipTlsVerify } };
    } catch (error) {
      throw this.#noCredentials(error);
    }
  }

  #noCredentials(cause: unknown): KubeNetworkError {
    const [why] = (cause instanceof Error ? cause.message : String(cause)).trim().split("\n");
    return new KubeNetworkError("credentials", `There are no credentials for ${this.origin}: ${why}`, {
      cause,
    });
  }

  #release(exchange: Exchange): void {
    exchange.release();
    this.#running.delete(exchange);
  }
}

interface OpenExchange {
  readonly exchange: Exchange;
  readonly response: IncomingMessage;
}

interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: ExchangeTls;
}

/** How long to wait before the call may be repeated, in milliseconds; undefined when it may not. */
function repeatAfter(error: unknown, method: string): number | undefined {
  // The API server sends 429 before it looks at a request (priority and fairness), so that repeating a write is safe.
  if (isKubeApiError(error, 429)) return error.retryAfterMs;
  // An idle connection that the server closed while the request was on its way.
  return method === "GET" && isKubeNetworkError(error) && error.failure === "reset" ? 0 : undefined;
}

function closedError(): KubeNetworkError {
  return new KubeNetworkError(
    "closed",
    "The connection to the Kubernetes API has been closed by this process.",
  );
}

function text(body: unknown): string {
  return typeof body === "string" ? body : JSON.stringify(body);
}

function search(query: KubeQuery = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  return parameters.size === 0 ? "" : `?${parameters}`;
}
