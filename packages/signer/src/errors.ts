/**
 * What a signer may throw, as a small closed set. The SDK recognises an error by its `code`, not only by its class,
 * so that two copies of this package in one process understand each other.
 *
 * | class | code | effect on the request |
 * |---|---|---|
 * | {@link PermanentError} | `PERMANENT` | `Ready=False/Failed` with `failureTime`: cert-manager waits an hour or more before it tries again |
 * | {@link RequestRejected} | `REQUEST_REJECTED` | as above: the PKI or a policy said no to this request |
 * | {@link InvalidCsrError} | `INVALID_CSR` | as above: the CSR itself is unacceptable |
 * | {@link BadCertificateError} | `BAD_CERTIFICATE` | as retryable: the PKI answered with a certificate that must not reach the cluster |
 * | {@link IssuerError} | `ISSUER` | the issuer goes not-Ready and its requests wait |
 * | {@link RetryableError} | `RETRYABLE` | `Ready=False/Pending`, tried again with back-off until the retry deadline |
 *
 * Anything else that is thrown counts as retryable.
 */
export type SignerErrorCode =
  | "PERMANENT"
  | "REQUEST_REJECTED"
  | "INVALID_CSR"
  | "BAD_CERTIFICATE"
  | "ISSUER"
  | "RETRYABLE";

/** Options of every error: the cause is kept for logs and never shown in a status. */
export interface SignerErrorOptions {
  readonly cause?: unknown;
}

/** Base of the closed set; not thrown itself. */
export abstract class SignerError extends Error {
  abstract readonly code: SignerErrorCode;

  constructor(message: string, options?: SignerErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The request can never succeed as it is. Throw from `sign` only: the user pays 1 to 32 hours of back-off. */
export class PermanentError extends SignerError {
  readonly code: "PERMANENT" | "REQUEST_REJECTED" | "INVALID_CSR" = "PERMANENT";
}

/** The PKI, or a policy in front of it, refused this request for good. Throw from `sign`. */
export class RequestRejected extends PermanentError {
  override readonly code = "REQUEST_REJECTED";
}

/** The CSR is malformed, its proof of possession fails, or its key is too weak. Thrown by the X.509 toolkit. */
export class InvalidCsrError extends PermanentError {
  override readonly code = "INVALID_CSR";
}

/** The PKI returned a certificate or chain that is malformed, for another key, expired or broken. */
export class BadCertificateError extends SignerError {
  readonly code = "BAD_CERTIFICATE";
}

/**
 * Something is wrong with the issuer, not with the request: credentials refused, CA missing, configuration wrong.
 * Throw from `connect`, `check` or `sign`.
 */
export class IssuerError extends SignerError {
  readonly code = "ISSUER";
}

/** Options of {@link RetryableError}. */
export interface RetryableErrorOptions extends SignerErrorOptions {
  /** The least time to wait before the next try, in milliseconds, such as the PKI's `Retry-After`. */
  readonly retryAfterMs?: number | undefined;
  /**
   * The PKI has certainly issued nothing: it was not reached, or said that it did not do it. Left out means that it may
   * have: then the request is looked up before it is sent again, or the possible duplicate is reported.
   */
  readonly issuedNothing?: boolean | undefined;
}

/** Transient trouble: network, timeout, 429, 5xx, a session lost. Throw from `check` or `sign`. */
export class RetryableError extends SignerError {
  readonly code = "RETRYABLE";
  readonly retryAfterMs: number | undefined;
  readonly issuedNothing: boolean;

  constructor(message: string, options: RetryableErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.retryAfterMs = options.retryAfterMs;
    this.issuedNothing = options.issuedNothing ?? false;
  }
}

const codes: readonly string[] = [
  "PERMANENT",
  "REQUEST_REJECTED",
  "INVALID_CSR",
  "BAD_CERTIFICATE",
  "ISSUER",
  "RETRYABLE",
] satisfies readonly SignerErrorCode[];

/** The code of the first error of the closed set in the chain of causes; `RETRYABLE` where there is none. */
export function signerErrorCode(error: unknown): SignerErrorCode {
  for (let at = error, depth = 0; at instanceof Error && depth < 16; at = at.cause, depth += 1) {
    if ("code" in at && typeof at.code === "string" && codes.includes(at.code))
      return at.code as SignerErrorCode;
  }
  return "RETRYABLE";
}

/** Whether the code means that the request has failed for good. */
export function isPermanent(code: SignerErrorCode): boolean {
  return code === "PERMANENT" || code === "REQUEST_REJECTED" || code === "INVALID_CSR";
}

/** The wait that the error asks for, in milliseconds, if it asks for one. */
export function retryAfterMs(error: unknown): number | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 16; at = at.cause, depth += 1) {
    if ("retryAfterMs" in at && typeof at.retryAfterMs === "number" && at.retryAfterMs >= 0)
      return at.retryAfterMs;
  }
  return undefined;
}

/** Whether the error says that the PKI has certainly issued nothing. */
export function issuedNothing(error: unknown): boolean {
  for (let at = error, depth = 0; at instanceof Error && depth < 16; at = at.cause, depth += 1) {
    if ("issuedNothing" in at) return at.issuedNothing === true;
  }
  return false;
}
