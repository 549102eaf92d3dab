import { IssuerError, RequestRejected, RetryableError, type SignerError } from "../errors.ts";
import { isSafe, unusable } from "./http-failure.ts";
import type { HttpResponse } from "./http-request.ts";

/** Longest `Retry-After` that is honoured, in milliseconds: beyond it the SDK's own back-off looks again. */
const maxRetryAfterMs = 3_600_000;

/** IMF-fixdate, the one form of an HTTP date that senders may use (RFC 9110 §5.6.7). */
const httpDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** `Retry-After` (RFC 9110 §10.2.3) in milliseconds: seconds or an HTTP date; undefined when absent or malformed. */
export function parseRetryAfter(value: string | string[] | undefined, now: number): number | undefined {
  if (typeof value !== "string") return undefined;
  const text = value.trim();
  const isSeconds = /^\d{1,9}$/.test(text);
  if (!isSeconds && !httpDate.test(text)) return undefined;
  const ms = isSeconds ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isFinite(ms) && ms >= 0 ? Math.min(ms, maxRetryAfterMs) : undefined;
}

/**
 * The class of an HTTP status, for PKIs that use the codes as RFC 9110 means them. Only the code is shown: a body may
 * carry secrets, or be chosen by whoever chose the URL.
 *
 * @param now milliseconds since the epoch, to read a `Retry-After` date
 */
export function errorForStatus(
  method: string,
  target: URL,
  response: HttpResponse,
  now = Date.now(),
): SignerError {
  const { status, headers } = response;
  const said = `${method} ${target.host} answered ${status}`;
  if (status === 401 || status === 403) {
    return new IssuerError(
      `${said}: the credentials are not accepted. Check the issuer's Secret and its rights at the PKI.`,
    );
  }
  if (status === 407) {
    return new IssuerError(`${said}: the proxy wants credentials. Check the controller's proxy settings.`);
  }
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    return new RetryableError(`${said}.`, {
      retryAfterMs: parseRetryAfter(headers["retry-after"], now),
      // 503 says the same, but gateways say it also of a PKI that broke off.
      issuedNothing: status === 425 || status === 429,
    });
  }
  if (status === 400 || status === 409 || status === 413 || status === 422) {
    return new RequestRejected(`${said}: the PKI refused the request.`);
  }
  if (status >= 300 && status < 400) {
    const problem = "redirects are not followed here. Put the final URL into the issuer's spec.";
    // 303 is the answer to a request that was carried out.
    return unusable(status === 303 && !isSafe(method), `${said}: ${problem}`);
  }
  return new IssuerError(`${said}. Check the URL in the issuer's spec.`);
}
