import { IssuerError, RetryableError, type SignerError } from "@countersign/issuer-signer";
import { isSuccess, type VenafiAnswer } from "./answer.ts";
import { inQuotes, itSaid } from "./words.ts";

/** Trouble that says nothing about the health of the server, such as a rate limit: no circuit breaker may count it. */
export class NotTheServersFault extends RetryableError {}

/** The wait after a rate limit that names none, in milliseconds; the SDK's back-off comes on top. */
const rateLimitWaitMs = 5_000;

/** What {@link serverError} needs to know of the call. */
export interface CallKind {
  /** For messages, such as `TPP`. */
  readonly product: string;
  /** Whether the call can have made a certificate. */
  readonly mayIssue: boolean;
  /** Which field of the spec has the URL. */
  readonly urlField: string;
}

/** The beginning of every message about an answer. */
export function said(product: string, { host, status }: Pick<VenafiAnswer, "host" | "status">): string {
  return `${product} at ${host} answered ${status}`;
}

/**
 * What an answer without success means whatever was asked; undefined where that decides: 400, 401, 403, 404, 409, 412 and
 * what else below 500 an API may answer with reasons of its own.
 */
export function serverError(answer: VenafiAnswer, call: CallKind, words?: string): SignerError | undefined {
  const { status, retryAfterMs } = answer;
  const { product, mayIssue, urlField } = call;
  if (isSuccess(answer)) return undefined;
  if (status === 429)
    return new NotTheServersFault(`${said(product, answer)}: its rate limit is exceeded.${itSaid(words)}`, {
      retryAfterMs: retryAfterMs ?? rateLimitWaitMs,
      issuedNothing: true,
    });
  if (status >= 300 && status < 400) {
    const message = `${said(product, answer)}: it redirects, which is not followed. Put the final URL into ${urlField}.`;
    // 303 is the answer to a request that was carried out (RFC 9110 §15.4.4).
    return status === 303 && mayIssue ? new RetryableError(message) : new IssuerError(message);
  }
  if (status === 405 || status === 407 || status === 411 || status === 415)
    return new IssuerError(
      `${said(product, answer)}. Check that ${urlField} is the API's own URL, and what stands before it.`,
    );
  if (status === 408 || status === 425 || status >= 500)
    return new RetryableError(`${said(product, answer)}.${itSaid(words)}`, {
      retryAfterMs,
      issuedNothing: !mayIssue || status === 425,
    });
  return undefined;
}

/** The last resort: a status that no source knows for this call. */
export function unknownAnswer(
  answer: VenafiAnswer,
  { product, mayIssue }: CallKind,
  what: string,
  words?: string,
): RetryableError {
  const shown = words === undefined ? "" : `, ${inQuotes(words)},`;
  return new RetryableError(
    `${said(product, answer)}${shown} to ${what}, which is not known here. Its log says more.`,
    {
      retryAfterMs: answer.retryAfterMs,
      issuedNothing: !mayIssue || (answer.status >= 400 && answer.status < 500),
    },
  );
}
