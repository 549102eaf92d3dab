import { RetryableError } from "@countersign/issuer-signer";
import { type EjbcaAnswer, said } from "./ejbca-answer.ts";

/** EJBCA names no time unless its operator has it do so; the SDK's back-off comes on top. */
const quotaWaitMs = 1_000;

/** Undertow's page for a status, byte for byte: whoever answers with it has not handed the request to EJBCA. */
const containerPage = /<body>(404 - Not Found|503 - Service Unavailable)<\/body>/;

/**
 * The crypto token is activated on each node by itself. In English and in French, of which the rest of the text differs from
 * version to version, and by key where a version has no text.
 */
const tokenOffline = /\bCA token is offline\b|\best hors ligne\b|catokenoffline/i;

/** The same from `certificaterequest`. */
const deviceUnavailable = /^Device was unavailable/i;

/**
 * Why this node can serve nothing now, where another one may, or the same one later; undefined where the answer is about the
 * request, the issuer or what the nodes share.
 *
 * @param mayIssue whether the call can have made a certificate
 */
export function serverTrouble(answer: EjbcaAnswer, mayIssue: boolean): RetryableError | undefined {
  const { status, json, message, text, retryAfterMs } = answer;
  const trouble = (problem: string, issuedNothing: boolean, waitMs = retryAfterMs) =>
    new RetryableError(`${said(answer)}: ${problem}`, { issuedNothing, retryAfterMs: waitMs });
  if (status === 429)
    return trouble("too many requests. Lower the issuer's rate.", true, retryAfterMs ?? quotaWaitMs);
  if ((status === 400 && tokenOffline.test(message)) || (status === 503 && deviceUnavailable.test(message)))
    return trouble(
      "the CA's crypto token is off. Activate it in EJBCA, or have it activated automatically.",
      true,
    );
  // A redeployed EJBCA answers so for a while, and so does a wrong path for good.
  if (status === 404 && json === undefined)
    return trouble(
      "there is no EJBCA at this path. It restarts, or the path of the issuer's URL is wrong.",
      !mayIssue || containerPage.test(text),
    );
  if (status === 503) return trouble("it is suspended, or restarts.", !mayIssue || containerPage.test(text));
  if (status === 502 || status === 504) return trouble("a proxy does not reach EJBCA.", !mayIssue);
  if (status >= 500 && json === undefined)
    return trouble("it restarts, the CA is offline, or EJBCA has failed. Its log says which.", !mayIssue);
  return undefined;
}
