import type { HttpFailure } from "./http-failure.ts";

/** Anything with a throwing `parse`, such as a zod schema: turns the PKI's JSON into a type that can be relied on. */
export interface Parser<T> {
  parse(value: unknown): T;
}

/** Options of one call. */
export interface HttpRequestOptions<T = unknown> {
  /** Request body, sent as JSON. */
  readonly json?: unknown;
  /** Request body as it is, unless there is `json`; set `content-type` in `headers`. */
  readonly body?: string | Uint8Array | undefined;
  /** Sent as `Authorization: Bearer …`; never shown in errors. */
  readonly bearer?: string | undefined;
  /** Never shown in errors. Headers that frame the message (`host`, `content-length`, …) are the client's own. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Checks the JSON answer; its result is what the call resolves to. Errors of the closed set that it throws are kept. */
  readonly parse?: Parser<T> | undefined;
  /** Status codes beside 2xx that are answers, not errors, to this call; `"any"` to judge all of them yourself. */
  readonly accept?: readonly number[] | "any" | undefined;
  /**
   * Whether the call may be made twice, for instance because it carries an idempotency key. GET, HEAD, PUT and DELETE may
   * (RFC 9110 §9.2.2); say so for a POST that may.
   */
  readonly idempotent?: boolean | undefined;
  /** How many redirects to follow; none by default. What is followed: see {@link HttpClient}. */
  readonly followRedirects?: number | undefined;
  /** Origins (`https://host:port`) of the same PKI that a redirect may take the credentials to. */
  readonly trustedOrigins?: readonly string[] | undefined;
}

/** A complete answer. */
export interface HttpResponse {
  readonly status: number;
  /** The reason phrase as the server sent it: empty with HTTP/2 proxies, and as little to be trusted as a body. */
  readonly statusText: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** One exchange that has ended, for metrics: either a status or a failure. Every hop and repeat is an exchange. */
export type HttpExchangeEvent = {
  readonly method: string;
  /** Host and port as the URL has them. */
  readonly host: string;
  /** From the start of the exchange to its last byte, in milliseconds. */
  readonly ms: number;
} & (
  | { readonly status: number; readonly failure?: undefined }
  | { readonly status?: undefined; readonly failure: HttpFailure }
);
