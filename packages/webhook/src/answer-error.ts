import { IssuerError, RequestRejected, RetryableError, type SignerError } from "@countersign/issuer-signer";
import { type ServiceAnswer, said } from "./service-answer.ts";

/** Trouble that says nothing about the health of a service, such as a rate limit: no circuit breaker may count it. */
export class NotTheServicesFault extends RetryableError {}

/** A service that names no time has a limit of some requests a second; the SDK's back-off comes on top. */
const busyWaitMs = 1_000;

/** What `error.code` of this package's own service means; any other code is not shown. */
const troubles: ReadonlyMap<string | undefined, string> = new Map([
  ["pki_unavailable", ": it cannot reach its PKI at the moment"],
  ["bad_certificate", ": its PKI answered it with a wrong certificate"],
  ["timeout", ": its PKI took too long"],
  ["overloaded", ": it has too much to do"],
  ["authentication_unavailable", ": it cannot review the issuer's token at the moment"],
]);

function troubleOf(code: string | undefined): string {
  return troubles.get(code) ?? "";
}

/** What was asked. */
export type AnswerTo = "sign" | "poll" | "check";

/**
 * What an answer means that is neither a certificate nor 202.
 *
 * A refusal of the request itself is final; what any other request would meet as well is the issuer's affair, and waits
 * for it; what passes is tried again.
 */
export function answerError(answer: ServiceAnswer, to: AnswerTo): SignerError {
  const { status, code, retryAfterMs } = answer;
  if (status === 401 || status === 403)
    return new IssuerError(
      `${said(answer)}: it does not accept the issuer's credentials. Check the Secret or service account, and whom the service allows.`,
    );
  if (status === 407)
    return new IssuerError(
      `${said(answer)}: the proxy wants credentials. Check the controller's proxy settings.`,
    );
  if (code === "issuer_error")
    return new IssuerError(
      `${said(answer)}: the service cannot use its PKI as it is configured. Its log and its health say why.`,
    );
  if (status === 409 || status === 425 || status === 429)
    return new NotTheServicesFault(`${said(answer)}: ${busyReason(status)}.`, {
      retryAfterMs: retryAfterMs ?? busyWaitMs,
      issuedNothing: to !== "poll" && status !== 409,
    });
  if (status === 408 || status >= 500)
    return new RetryableError(`${said(answer)}${troubleOf(code)}. Look into its log.`, {
      retryAfterMs,
      issuedNothing: to === "check" || (to === "sign" && answer.issuedNothing),
    });
  if (status < 400) return unexpected(answer, to);
  if (to === "sign" && isRefusal(status)) return refusal(answer);
  if (to === "poll" && (status === 400 || isRefusal(status))) return refusal(answer);
  if (to === "poll" && (status === 404 || status === 410))
    return new RequestRejected(
      `${said(answer)}: it no longer knows the request that it had accepted. Look for the certificate at the PKI, then create a new request.`,
    );
  return new IssuerError(`${said(answer)}. Check url and path in the issuer's spec.`);
}

function busyReason(status: number): string {
  if (status === 409) return "the same request is under way there";
  return status === 425 ? "it wants the request again later" : "its rate limit is exceeded";
}

function isRefusal(status: number): boolean {
  return status === 400 || status === 413 || status === 422;
}

function refusal(answer: ServiceAnswer): RequestRejected {
  const { status } = answer;
  if (status === 413) return new RequestRejected(`${said(answer)}: the request is too large for it.`);
  if (status === 422)
    return new RequestRejected(
      `${said(answer)}: it refuses the request, or its PKI does. Its log says why; ask for something else.`,
    );
  return new RequestRejected(
    `${said(answer)}: it cannot read the request. Its log says why; if every request meets this, check spec.webhook.request.`,
  );
}

/** Neither a certificate nor a refusal. 303 is the answer to a request that was carried out (RFC 9110 §15.4.4). */
function unexpected(answer: ServiceAnswer, to: AnswerTo): SignerError {
  const isRedirect = answer.status >= 300;
  if (isRedirect && (to === "check" || answer.status !== 303))
    return new IssuerError(
      `${said(answer)}: redirects are not followed. Put the final URL into the issuer's spec.`,
    );
  return new RetryableError(
    `${said(answer)} and not a certificate. Check that url and path are the service's.`,
  );
}
