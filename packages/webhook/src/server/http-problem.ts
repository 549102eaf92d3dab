/** What a request is answered with instead of a certificate. */
export interface HttpProblemOptions {
  /** HTTP status. */
  readonly status: number;
  /** Stable, for programs. */
  readonly code: ProblemCode;
  /** For people: what is wrong and what to do, in one line without secrets. */
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The PKI has certainly issued nothing; said where the status alone would leave it open. */
  readonly issuedNothing?: boolean | undefined;
  readonly cause?: unknown;
}

/** The codes of {@link HttpProblem}, in the order of their statuses. */
export type ProblemCode =
  | "malformed_request"
  | "invalid_csr"
  | "unauthenticated"
  | "forbidden"
  | "not_found"
  | "method_not_allowed"
  | "body_timeout"
  | "body_too_large"
  | "unsupported_media_type"
  | "rejected"
  | "idempotency_key_reused"
  | "too_many_requests"
  | "headers_too_large"
  | "internal_error"
  | "issuer_error"
  | "bad_certificate"
  | "pki_unavailable"
  | "overloaded"
  | "authentication_unavailable"
  | "timeout";

/** An answer that is no certificate, as an error: `{"error": {"code", "message"}}` with its status. */
export class HttpProblem extends Error {
  override readonly name = "HttpProblem";
  readonly status: number;
  readonly code: ProblemCode;
  readonly headers: Readonly<Record<string, string>>;
  readonly issuedNothing: boolean;

  constructor({ status, code, message, headers = {}, issuedNothing = false, cause }: HttpProblemOptions) {
    super(message, cause === undefined ? undefined : { cause });
    this.status = status;
    this.code = code;
    this.headers = headers;
    this.issuedNothing = issuedNothing;
  }
}

/** The body of a problem. */
export function problemBody({ code, message, issuedNothing }: HttpProblem): object {
  return { error: { code, message, ...(issuedNothing ? { issuedNothing } : {}) } };
}

/** `Retry-After` (RFC 9110 §10.2.3) for a wait in milliseconds: whole seconds, at least one. */
export function retryAfter(ms: number): Readonly<Record<string, string>> {
  return { "retry-after": String(Math.max(1, Math.ceil(ms / 1000))) };
}
