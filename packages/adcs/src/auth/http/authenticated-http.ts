import {
  type CredentialGuard,
  type HttpClient,
  type HttpConnection,
  type HttpResponse,
  httpFailureOf,
  IssuerError,
  Limiter,
  RetryableError,
} from "@countersign/issuer-signer";
import { CredentialRefused } from "../credential-refused.ts";
import type { Login, LoginRequest } from "./login.ts";
import { offeredSchemes, readChallenges } from "./www-authenticate.ts";

/** Options of {@link AuthenticatedHttp}. */
export interface AuthenticatedHttpOptions {
  /** With the issuer's TLS, and deadlines for one leg: a CA that is busy takes a minute and more. */
  readonly http: HttpClient;
  readonly login: Login;
  /** Of the whole process. */
  readonly guard: CredentialGuard<IssuerError>;
  /** The uid of the issuer, for {@link CredentialGuard.forget}. */
  readonly owner: string;
}

/** Options of one request. */
export interface AuthenticatedRequest {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | Uint8Array | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * HTTP as one identity, over one TLS connection at a time, since IIS authenticates connections and Windows binds a login
 * to the certificate of its connection. Requests wait for each other.
 *
 * - A request that may change something goes over a connection opened for it, so that none is sent into one that the
 *   server has just closed; GET and HEAD use the one that is there.
 * - Redirects are errors: credentials are for the URL of the issuer.
 * - What the server or the KDC refused is not shown to it again until the issuer's spec or Secret changes, because
 *   directories lock accounts after a few wrong passwords.
 */
export class AuthenticatedHttp {
  readonly #options: AuthenticatedHttpOptions;
  readonly #turns = new Limiter(1);
  #connection:
    | { readonly http: HttpConnection; readonly origin: string; isAuthenticated: boolean }
    | undefined;

  constructor(options: AuthenticatedHttpOptions) {
    this.#options = options;
  }

  /**
   * One request; resolves for every status but 401 and redirects, which are an `IssuerError`. Rejects as
   * `HttpClient.request` does for trouble below HTTP; `requestWasSent` tells whether the server may have seen it.
   */
  async request(method: string, url: string, options: AuthenticatedRequest = {}): Promise<HttpResponse> {
    const { headers = {}, body, signal } = options;
    const request = { method, url: new URL(url), headers, body, signal };
    const leave = await this.#turns.enter(signal ?? new AbortController().signal);
    try {
      const answer = await this.#answer(request);
      const { status } = answer;
      if (status === 401) throw this.#refused(request, answer);
      if (status >= 300 && status < 400) throw redirected(request, status);
      return answer;
    } finally {
      leave();
    }
  }

  /** Closes the connection; a request under way fails as retryable. */
  close(): void {
    this.#connection?.http.close();
  }

  async #answer(request: LoginRequest): Promise<HttpResponse> {
    const isSafe = request.method === "GET" || request.method === "HEAD";
    const kept = this.#connection;
    if (isSafe && kept?.http.isOpen && kept.origin === request.url.origin) {
      try {
        return await this.#exchange(kept, request);
      } catch (error) {
        // The server closed it meanwhile; what is safe may be asked again.
        if (httpFailureOf(error) !== "reset") throw error;
      }
    }
    kept?.http.close();
    const { url, signal } = request;
    const http = await this.#options.http.connect(url.href, { signal });
    this.#connection = { http, origin: url.origin, isAuthenticated: false };
    return this.#exchange(this.#connection, request);
  }

  async #exchange(
    connection: { readonly http: HttpConnection; isAuthenticated: boolean },
    request: LoginRequest,
  ): Promise<HttpResponse> {
    const { login, guard } = this.#options;
    if (connection.isAuthenticated) {
      const { method, url, headers, body, signal } = request;
      const answer = await connection.http.request(method, url.href, { headers, body, signal });
      if (answer.status !== 401) return answer;
      // IIS may be told to authenticate each request (authPersistSingleRequest).
      connection.isAuthenticated = false;
    }
    const account = login.accountAt(request.url);
    const refusal = guard.refusal(account, login.secret);
    if (refusal !== undefined) throw refusal;
    const answer = await login.send(connection.http, request).catch((error: unknown) => {
      if (error instanceof CredentialRefused) guard.note(account, login.secret, this.#options.owner, error);
      throw error;
    });
    connection.isAuthenticated = login.bindsConnection && answer.status !== 401;
    return answer;
  }

  #refused(request: LoginRequest, answer: HttpResponse): IssuerError {
    const { login, guard, owner } = this.#options;
    const offered = offeredSchemes(readChallenges(answer.headers["www-authenticate"]));
    const after = login.risksLockout
      ? ". It is not tried again until the issuer's spec or Secret changes, lest the account be locked"
      : "";
    const error = new IssuerError(
      `${request.url.host} refuses ${login.name} (401): ${login.refusalHint}. It offers ${offered}${after}`,
    );
    if (login.risksLockout) guard.note(login.accountAt(request.url), login.secret, owner, error);
    return error;
  }
}

function redirected({ method, url }: LoginRequest, status: number): IssuerError | RetryableError {
  const message = `${method} ${url.host} answered ${status}: redirects are refused with credentials; put the final URL into the issuer's spec`;
  // 303 is the answer to a request that was carried out (RFC 9110 §15.4.4).
  return status === 303 && method !== "GET" && method !== "HEAD"
    ? new RetryableError(message)
    : new IssuerError(message);
}
