import { IssuerError, RetryableError } from "../errors.ts";

/** Why an exchange had no complete answer: a closed set, fit for a metric's label. */
export const httpFailures = Object.freeze([
  "dns",
  "address",
  "connect",
  "connect-timeout",
  "proxy",
  "tls",
  "headers-timeout",
  "timeout",
  "reset",
  "protocol",
  "too-large",
  "aborted",
  "closed",
] as const);

/** One of {@link httpFailures}. */
export type HttpFailure = (typeof httpFailures)[number];

/**
 * What went wrong below HTTP, in words that hold nothing secret. The rooms of this folder throw it; the client turns it
 * into an error of the closed set with {@link signerErrorFor}.
 */
export class Trouble extends Error {
  override readonly name = "Trouble";
  readonly failure: HttpFailure;
  /** Whether a change of the issuer's configuration is needed; anything else is worth a repeat. */
  readonly needsChange: boolean;

  constructor(
    failure: HttpFailure,
    problem: string,
    options: { readonly needsChange?: boolean; readonly cause?: Error } = {},
  ) {
    super(problem, options.cause === undefined ? undefined : { cause: options.cause });
    this.failure = failure;
    this.needsChange = options.needsChange ?? false;
  }
}

/** Where and when a trouble came. */
export interface TroubleContext {
  readonly method: string;
  readonly target: URL;
  /** Whether the call can make the PKI issue. */
  readonly mayIssue: boolean;
  /** Whether a byte of the request may have left. */
  readonly requestSent: boolean;
}

/** Whether the method asks for nothing to be done (RFC 9110 §9.2.1). */
export function isSafe(method: string): boolean {
  return method === "GET" || method === "HEAD";
}

/**
 * The error for an answer that cannot be used: an {@link IssuerError} where the call cannot have issued. Otherwise the
 * PKI may have done what it was asked, and only a RetryableError lets the SDK look for it.
 */
export function unusable(mayIssue: boolean, message: string, cause?: Error): IssuerError | RetryableError {
  const options = cause === undefined ? {} : { cause };
  return new (mayIssue ? RetryableError : IssuerError)(message, options);
}

/** The trouble as an error of the closed set, of one line, which says whether the request was sent. */
export function signerErrorFor(trouble: Trouble, context: TroubleContext): IssuerError | RetryableError {
  const { method, target, mayIssue, requestSent } = context;
  const { failure, needsChange, cause } = trouble;
  const message = `${method} ${target.host}: ${trouble.message}`;
  const options = cause instanceof Error ? { cause } : {};
  const error =
    needsChange && !(mayIssue && requestSent)
      ? new IssuerError(message, options)
      : new RetryableError(message, { ...options, issuedNothing: !requestSent });
  return Object.assign(error, { failure, requestSent });
}

/**
 * Whether the PKI may have seen the request that ended in this error. False only where no byte of it can have left: no
 * connection, or a broken TLS handshake. Such a call can be made again, or elsewhere, whatever it asks for.
 */
export function requestWasSent(error: unknown): boolean {
  for (let at = error, depth = 0; at instanceof Error && depth < 16; at = at.cause, depth += 1) {
    if ("requestSent" in at && typeof at.requestSent === "boolean") return at.requestSent;
  }
  return true;
}

/** Why the exchange that ended in this error had no complete answer; undefined for an answer and for a caller's abort. */
export function httpFailureOf(error: unknown): HttpFailure | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 16; at = at.cause, depth += 1) {
    if ("failure" in at && httpFailures.some((failure) => failure === at.failure))
      return at.failure as HttpFailure;
  }
  return undefined;
}
