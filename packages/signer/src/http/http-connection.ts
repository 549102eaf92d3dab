import type { TLSSocket } from "node:tls";
import { CallSignal } from "./call-signal.ts";
import type { Clock } from "./clock.ts";
import { FailedExchange } from "./exchange.ts";
import type { CompleteOptions } from "./http-client-options.ts";
import { isSafe, signerErrorFor } from "./http-failure.ts";
import type { HttpRequestOptions, HttpResponse } from "./http-request.ts";
import { observedExchange } from "./observed-exchange.ts";
import { PinnedAgent } from "./pinned-agent.ts";
import { hostOf, parseTarget, portOf, type TargetRules } from "./target-url.ts";

/** What a request on a connection may carry. */
export type HttpConnectionRequest = Pick<HttpRequestOptions, "body" | "headers" | "signal">;

interface Options {
  readonly target: URL;
  readonly socket: TLSSocket;
  readonly rules: TargetRules;
  readonly client: CompleteOptions;
  readonly clock: Clock;
  /** Fired when the client closes. */
  readonly closing: AbortSignal;
}

/**
 * One TLS connection that its holder authenticates, with the limits of the client that opened it; see
 * {@link HttpClient.connect}. Nothing is repeated or followed. Requests go one after another.
 */
export class HttpConnection {
  readonly #options: Options;
  readonly #agent: PinnedAgent;
  readonly #certificate: Uint8Array;
  readonly #onClosing = () => this.close();

  /** @internal */
  constructor(options: Options) {
    const { socket, client, closing } = options;
    this.#options = options;
    this.#agent = new PinnedAgent(socket, client.idleTimeoutMs);
    this.#certificate = socket.getPeerX509Certificate()?.raw ?? new Uint8Array();
    closing.addEventListener("abort", this.#onClosing, { once: true });
    socket.once("close", () => closing.removeEventListener("abort", this.#onClosing));
  }

  /** The certificate, as DER, that the server proved to hold on this very connection. */
  get serverCertificate(): Uint8Array {
    return this.#certificate;
  }

  /** False when either side has closed it, or it lay idle for longer than the client's `idleTimeoutMs`. */
  get isOpen(): boolean {
    const { socket } = this.#options;
    return !socket.destroyed && socket.writable;
  }

  /**
   * One request to the origin that was connected to; resolves whatever the status is. Rejects as the client does, with
   * the deadline of one call for each; {@link requestWasSent} is false where the connection was closed before.
   */
  async request(method: string, url: string, options: HttpConnectionRequest = {}): Promise<HttpResponse> {
    const { rules, client, clock, closing, target: opened } = this.#options;
    const target = parseTarget(url, rules);
    if (target.origin !== opened.origin)
      throw new TypeError(`Expected \`url\` to be of ${opened.origin}, got one of ${target.origin}`);
    const hop = { method, target, options, mayIssue: !isSafe(method) };
    const route = {
      agent: this.#agent,
      secure: true,
      host: hostOf(target),
      port: portOf(target),
      path: target.pathname + target.search,
      headers: { host: target.host },
    };
    const { timeoutMs } = client;
    const call = new CallSignal({ clock, timeoutMs, caller: options.signal, closing });
    try {
      return await observedExchange(hop, { route, client, clock, signal: call.signal });
    } catch (error) {
      if (!(error instanceof FailedExchange)) throw error;
      throw signerErrorFor(error.trouble, { ...hop, requestSent: error.requestSent });
    } finally {
      call.release();
    }
  }

  /** Closes it; a request under way fails as retryable. */
  close(): void {
    this.#options.socket.destroy();
    this.#agent.destroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
