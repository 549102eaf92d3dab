import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import { IssuerError, SignerError } from "../errors.ts";
import { parseBoundedJson } from "./bounded-json.ts";
import { CallSignal } from "./call-signal.ts";
import { type Clock, systemClock } from "./clock.ts";
import { Connections } from "./connections.ts";
import { FailedExchange } from "./exchange.ts";
import { type CompleteOptions, completeOptions, type HttpClientOptions } from "./http-client-options.ts";
import { HttpConnection } from "./http-connection.ts";
import { isSafe, signerErrorFor, Trouble, unusable } from "./http-failure.ts";
import type { HttpRequestOptions, HttpResponse } from "./http-request.ts";
import { Limiter } from "./limiter.ts";
import { observedExchange } from "./observed-exchange.ts";
import { followRedirect, type Hop, isRedirect } from "./redirect.ts";
import { shapeProblem } from "./shape-problem.ts";
import { errorForStatus } from "./status-errors.ts";
import { parseTarget } from "./target-url.ts";

/** RFC 9110 §9.2.2. */
const idempotentMethods: readonly string[] = ["GET", "HEAD", "PUT", "DELETE"];

/**
 * A bounded HTTP client for PKIs. Built on `node:https`, since its agent takes the TLS identity of each issuer and pools
 * by it, which `fetch` cannot: it has one trust store and one pool for the process.
 *
 * - **TLS** 1.2 or newer, always verified, with the issuer's CA bundle, client certificate and server name.
 * - **Bounds**: deadlines to connect, to the head of the answer and overall; sizes of head and body; depth of JSON.
 * - **Addresses**: https only, except to loopback; link-local, metadata, multicast and, by name, loopback addresses are
 *   refused when they are about to be connected to, so that DNS rebinding gains nothing.
 * - **Redirects** are errors, unless a call asks to follow them: then never from https to http, and with credentials only
 *   within the origin and to `trustedOrigins`.
 * - **Repeats**: once, where a kept connection turns out to be closed, and only of calls that may be made twice.
 * - **Answers that cannot be used** (not JSON, too large, of another shape) are the issuer's fault after a GET or HEAD;
 *   after another method they are retryable, since the PKI may have issued.
 * - **Errors** are of the closed set, one line, and name method and host: no path, query, header or body is in them or in
 *   their causes. {@link requestWasSent} tells whether the PKI may have seen the request, {@link httpFailureOf} why there
 *   was no answer. An abort rejects with the caller's own reason.
 *
 * @example
 * const http = new HttpClient({ ca: secrets.ca, cert: secrets.cert, key: secrets.key });
 * const order = await http.post(`${spec.url}/orders`, { json: { csr }, bearer: secrets.token, signal, parse: orderSchema });
 */
export class HttpClient {
  readonly #given: HttpClientOptions;
  readonly #options: CompleteOptions;
  readonly #clock: Clock;
  readonly #connections: Connections;
  readonly #limiter: Limiter;
  readonly #closing = new AbortController();
  readonly #derived = new Set<HttpClient>();
  #parent: HttpClient | undefined;

  /** Throws an `IssuerError` for unusable TLS material, a TypeError for any other option. */
  constructor(options: HttpClientOptions = {}) {
    this.#given = options;
    this.#options = completeOptions(options);
    this.#clock = options.clock ?? systemClock;
    this.#connections = new Connections(this.#options, this.#clock);
    this.#limiter = new Limiter(this.#options.maxConnections);
  }

  /**
   * A client with the same options but for those given: how a backend puts the issuer's TLS over what the operator set.
   * It is closed with this one, or before.
   */
  with(options: HttpClientOptions): HttpClient {
    const derived = new HttpClient({ ...this.#given, ...options });
    if (this.#closing.signal.aborted) derived.close();
    else this.#derived.add(derived);
    derived.#parent = this;
    return derived;
  }

  /** GET that resolves to the parsed JSON answer. */
  get<T = unknown>(url: string, options?: HttpRequestOptions<T>): Promise<T> {
    return this.json("GET", url, options);
  }

  /** POST that resolves to the parsed JSON answer. */
  post<T = unknown>(url: string, options?: HttpRequestOptions<T>): Promise<T> {
    return this.json("POST", url, options);
  }

  /** Any method that resolves to the parsed JSON answer; undefined for an empty one. */
  async json<T = unknown>(method: string, url: string, options: HttpRequestOptions<T> = {}): Promise<T> {
    const { parse, ...plain } = options;
    const { body } = await this.request(method, url, plain);
    const hop = hopOf(method, new URL(url), plain);
    const value = body.length === 0 ? undefined : this.#parsed(body, hop);
    if (parse === undefined) return value as T;
    try {
      return parse.parse(value);
    } catch (error) {
      if (error instanceof SignerError) throw error;
      const problem = "answered with JSON of an unexpected shape. Check the PKI's version.";
      throw unusable(hop.mayIssue, `${whereOf(hop)} ${problem}`, shapeProblem(error));
    }
  }

  /** One call; resolves for 2xx and for the codes in `accept`. */
  async request(method: string, url: string, options: HttpRequestOptions = {}): Promise<HttpResponse> {
    const hop = hopOf(method, parseTarget(url, this.#connections.rules), options);
    const { timeoutMs } = this.#options;
    const closing = this.#closing.signal;
    const call = new CallSignal({ clock: this.#clock, timeoutMs, caller: options.signal, closing });
    try {
      const leave = await this.#limiter.enter(call.signal);
      try {
        return await this.#answer(hop, call.signal);
      } finally {
        leave();
      }
    } catch (error) {
      throw error instanceof Trouble ? signerErrorFor(error, { ...hop, requestSent: false }) : error;
    } finally {
      call.release();
    }
  }

  /**
   * Opens one TLS connection for the caller to hold, beside the pool: for servers that authenticate a connection instead
   * of a request (NTLM), or bind a credential to the server's certificate (RFC 5929). TLS sessions are not resumed on it,
   * since a resumed one shows no certificate. Rejects as {@link request} does; plain http is an `IssuerError`.
   */
  async connect(
    url: string,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<HttpConnection> {
    const { rules } = this.#connections;
    const target = parseTarget(url, rules);
    if (target.protocol !== "https:")
      throw new IssuerError(
        `The PKI's URL for ${target.host} is plain http. Use https: credentials are bound to it.`,
      );
    const [client, clock, closing] = [this.#options, this.#clock, this.#closing.signal];
    const call = new CallSignal({ clock, timeoutMs: client.timeoutMs, caller: options.signal, closing });
    try {
      const socket = await this.#connections.open(target, call.signal);
      return new HttpConnection({ target, socket, rules, client, clock, closing });
    } catch (error) {
      if (!(error instanceof Trouble)) throw error;
      throw signerErrorFor(error, { method: "CONNECT", target, mayIssue: false, requestSent: false });
    } finally {
      call.release();
    }
  }

  /**
   * A plain TCP connection, never through a proxy, under the client's address policy, resolver and deadline to connect: for
   * what a PKI needs beside HTTP, such as Kerberos. Rejects with the closed set, or the signal's reason.
   *
   * @param host name or address, IPv6 without brackets
   */
  async dial(
    host: string,
    port: number,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<Duplex> {
    const { signal = new AbortController().signal } = options;
    signal.throwIfAborted();
    try {
      return await this.#connections.dial(host, port, signal);
    } catch (error) {
      if (signal.aborted || !(error instanceof Trouble)) throw signal.aborted ? signal.reason : error;
      const context = { method: "TCP", mayIssue: false, requestSent: false };
      throw signerErrorFor(error, {
        ...context,
        target: new URL(`tcp://${isIP(host) === 6 ? `[${host}]` : host}:${port}`),
      });
    }
  }

  /** Closes idle and busy connections; calls under way fail as retryable. */
  close(): void {
    this.#closing.abort(new Trouble("closed", "the client is closed."));
    this.#connections.close();
    if (this.#parent !== undefined) this.#parent.#derived.delete(this);
    for (const derived of this.#derived) derived.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #answer(first: Hop, signal: AbortSignal): Promise<HttpResponse> {
    const { accept, followRedirects = 0 } = first.options;
    let hop = first;
    for (let followed = 0; ; followed += 1) {
      const response = await this.#exchange(hop, signal, followed > 0);
      const { status } = response;
      if (isRedirect(status) && followRedirects > 0) {
        if (followed === followRedirects)
          throw notFollowed(hop, status, `redirects more than ${followRedirects} times. Check the URL.`);
        hop = this.#next(hop, response);
        continue;
      }
      if ((status >= 200 && status < 300) || accept === "any" || accept?.includes(status)) return response;
      // The request before was carried out, and this answer is not about it.
      if (hop.mayIssue && isSafe(hop.method))
        throw unusable(true, `${whereOf(hop)} answered ${status} after a redirect.`);
      throw errorForStatus(hop.method, hop.target, response, this.#clock.now());
    }
  }

  #next(hop: Hop, response: HttpResponse): Hop {
    const redirection = followRedirect(hop, response, this.#connections.hasIdentity);
    if ("refused" in redirection)
      throw notFollowed(
        hop,
        response.status,
        `${redirection.refused}. Put the final URL into the issuer's spec.`,
      );
    const { method, url, options } = redirection.hop;
    try {
      return { method, target: parseTarget(url, this.#connections.rules), options, mayIssue: hop.mayIssue };
    } catch (error) {
      throw error instanceof SignerError && wasCarriedOut(hop, response.status)
        ? unusable(true, error.message)
        : error;
    }
  }

  /** One exchange, repeated once where a kept connection had gone stale and the call may be made twice. */
  async #exchange(hop: Hop, signal: AbortSignal, isRedirected: boolean): Promise<HttpResponse> {
    const mayRepeat = hop.options.idempotent ?? idempotentMethods.includes(hop.method);
    // What redirected has seen the call, and so may have the first attempt.
    let requestSent = isRedirected;
    for (let repeats = mayRepeat ? 1 : 0; ; repeats -= 1) {
      try {
        const route = this.#connections.routeTo(hop.target);
        return await observedExchange(hop, { route, client: this.#options, clock: this.#clock, signal });
      } catch (error) {
        if (!(error instanceof FailedExchange)) throw error;
        requestSent ||= error.requestSent;
        if (!error.isStale || repeats === 0) throw signerErrorFor(error.trouble, { ...hop, requestSent });
        this.#connections.dropIdle(this.#connections.routeTo(hop.target));
      }
    }
  }

  #parsed(body: Buffer, hop: Hop): unknown {
    try {
      return parseBoundedJson(body, { maxDepth: this.#options.maxJsonDepth });
    } catch (error) {
      const what = error instanceof SyntaxError ? error.message : "something that is not JSON";
      const problem = `answered with ${what}. Check that the URL is the PKI's API.`;
      throw unusable(hop.mayIssue, `${whereOf(hop)} ${problem}`);
    }
  }
}

function whereOf({ method, target }: Hop): string {
  return `${method} ${target.host}`;
}

function hopOf(method: string, target: URL, options: HttpRequestOptions): Hop {
  const upper = methodOf(method);
  return { method: upper, target, options, mayIssue: !isSafe(upper) };
}

/** Whether what redirected may have done what it was asked: not with 307 and 308 (RFC 9110 §15.4.8). */
function wasCarriedOut({ mayIssue }: Hop, status: number): boolean {
  return mayIssue && status !== 307 && status !== 308;
}

function notFollowed(hop: Hop, status: number, problem: string): SignerError {
  return unusable(wasCarriedOut(hop, status), `${whereOf(hop)} ${problem}`);
}

/** CONNECT is not a call but a tunnel. */
function methodOf(method: string): string {
  const upper = method.toUpperCase();
  if (!/^[A-Z]{1,20}$/.test(upper) || upper === "CONNECT")
    throw new TypeError("Expected `method` to be an HTTP method other than CONNECT");
  return upper;
}
