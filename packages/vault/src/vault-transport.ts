import { type HttpClient, type HttpResponse, RetryableError } from "@countersign/issuer-signer";
import { readAnswer, type VaultAnswer } from "./vault-answer.ts";

/** One call of one server. */
export interface VaultCall {
  readonly method: "GET" | "POST";
  /** Below `/v1/`, with its query. */
  readonly path: string;
  readonly json?: object | undefined;
  readonly token?: string | undefined;
  /** Whether a call may be made twice: what signs may not. */
  readonly idempotent?: boolean | undefined;
  /** Client with a TLS identity of its own; the transport's unless given. */
  readonly http?: HttpClient | undefined;
  /** False for the few paths that Vault refuses inside a namespace. */
  readonly namespaced?: boolean | undefined;
  readonly signal: AbortSignal;
}

/** What {@link VaultTransport} needs. */
export interface VaultTransportOptions {
  readonly http: HttpClient;
  /** Base URLs of the servers, without a slash at the end. */
  readonly servers: readonly string[];
  readonly namespace: string | undefined;
}

/** A standby sends to the active server, and an old leader may send once more. */
const maxRedirects = 2;

/**
 * Speaks Vault's API with one server at a time: headers, redirects, answers.
 *
 * A standby forwards what it is asked, and redirects where that fails, perhaps after the active server has carried it out.
 * So a call that may not be made twice is not forwarded where the issuer names several servers: then a redirect says for
 * certain that nothing was done. With one server, which may stand for many, it is forwarded, and a redirect says nothing.
 */
export class VaultTransport {
  readonly #http: HttpClient;
  readonly #origins: ReadonlySet<string>;
  readonly #namespace: string | undefined;

  constructor({ http, servers, namespace }: VaultTransportOptions) {
    this.#http = http;
    this.#origins = new Set(servers.map((server) => new URL(server).origin));
    this.#namespace = namespace;
  }

  /**
   * Resolves to the server's answer, whatever its status, and follows 307 and 308 to the issuer's own servers.
   *
   * @throws RetryableError for a redirect elsewhere, where the token must not go, and for one that may come too late. What
   * the HTTP client throws.
   */
  async call(server: string, call: VaultCall): Promise<VaultAnswer> {
    let url = `${server}/v1/${call.path}`;
    for (let left = maxRedirects; ; left -= 1) {
      const response = await this.#request(url, call);
      if (response.status !== 307 && response.status !== 308)
        return readAnswer(new URL(url).host, response, Date.now());
      if (this.#isForwardedOnce(call)) throw forwardingFailed(new URL(url).host);
      url = this.#redirection(url, response, left);
    }
  }

  #request(url: string, call: VaultCall): Promise<HttpResponse> {
    const { token, namespaced = true, json, signal, idempotent = true } = call;
    return (call.http ?? this.#http).request(call.method, url, {
      accept: "any",
      json,
      signal,
      idempotent,
      headers: {
        // Vault's Agent and Proxy can be told to refuse calls without it.
        "x-vault-request": "true",
        ...(token === undefined ? {} : { "x-vault-token": token }),
        ...(isOnce(call) && !this.#isForwardedOnce(call) ? { "x-vault-no-request-forwarding": "true" } : {}),
        ...(namespaced && this.#namespace !== undefined ? { "x-vault-namespace": this.#namespace } : {}),
      },
    });
  }

  #isForwardedOnce(call: VaultCall): boolean {
    return isOnce(call) && this.#origins.size === 1;
  }

  /** Who redirects has done nothing (RFC 9110 §15.4.8), so the next server may be asked. */
  #redirection(url: string, { headers: { location } }: HttpResponse, left: number): string {
    const { host } = new URL(url);
    const refuse = (problem: string) =>
      new RetryableError(`Vault at ${host} ${problem}`, { issuedNothing: true });
    if (typeof location !== "string" || !URL.canParse(location, url))
      throw refuse("redirects without saying where.");
    const next = new URL(location, url);
    if (!this.#origins.has(next.origin))
      throw refuse(
        "redirects to a server that the issuer does not name, which must not see its token. Add every server to the issuer's spec.",
      );
    if (left === 0) throw refuse("and the server that it redirects to do not agree on who is active.");
    return next.href;
  }
}

/** Whether the call may not be made twice. */
function isOnce({ idempotent }: VaultCall): boolean {
  return idempotent === false;
}

function forwardingFailed(host: string): RetryableError {
  return new RetryableError(
    `Vault at ${host} is a standby that could not forward the request, or not all of it. Name every server of the cluster in the issuer's servers.`,
  );
}
