import { IssuerError, RequestRejected, RetryableError, type SignerError } from "@countersign/issuer-signer";
import { type Access, accessError } from "./access-error.ts";
import { type EjbcaAnswer, said } from "./ejbca-answer.ts";
import type { Overrides } from "./overrides.ts";
import { refusalOf } from "./refusals.ts";

/** What was asked, as far as an answer's meaning depends on it. */
export interface Asked extends Access {
  /** What annotations of the request chose: wrong names in them are the request's fault. */
  readonly overrides: Overrides;
  /** Whether the call can have made a certificate although it was refused: `certificaterequest` issues, then looks up the chain. */
  readonly issuesFirst: boolean;
}

/**
 * What an answer without success means, once the node itself is found well. EJBCA answers 400 to nearly everything on the way
 * of an enrolment, so the words decide, and where they are not known the safe side: a request that waits in vain is better than
 * one that fails for an hour because of an outage that was told in another language.
 */
export function judge(answer: EjbcaAnswer, asked: Asked): SignerError {
  const { status } = answer;
  if (status === 401 || status === 403) return judgeAccess(answer, asked);
  if (status === 404 && asked.issuesFirst)
    return new RetryableError(
      `${said(answer)}: it has no CA of the issuer's certificateAuthorityName, but has issued all the same. Correct the name; the certificate is looked for.`,
    );
  const refusal = refusalOf(answer);
  if (refusal !== undefined) {
    const message = `${said(answer)}: ${refusal.problem}`;
    if (refusal.about === "later")
      return new RetryableError(message, { issuedNothing: true, retryAfterMs: refusal.retryAfterMs });
    if (refusal.about === "request") return new RequestRejected(message);
    const chosen = refusal.fields?.filter((field) => asked.overrides[field] !== undefined) ?? [];
    if (chosen.length === 0) return new IssuerError(message);
    return new RequestRejected(`${message} The request's annotation chose ${chosen.join(" and ")}.`);
  }
  return judgeStatus(answer);
}

function judgeAccess(answer: EjbcaAnswer, asked: Asked): SignerError {
  const error = accessError(answer, asked);
  const { certificateAuthorityName, endEntityProfileName } = asked.overrides;
  const isChosen =
    (certificateAuthorityName !== undefined && /authorized to CA\b/i.test(answer.message)) ||
    (endEntityProfileName !== undefined && /authorized to end entity profile\b/i.test(answer.message));
  return isChosen ? new RequestRejected(`${error.message} The request's annotation chose it.`) : error;
}

/** By the status alone, for words that are not known. */
function judgeStatus(answer: EjbcaAnswer): SignerError {
  const { status } = answer;
  if (status === 413)
    return new RequestRejected(`${said(answer)}: the request is too large. Ask for fewer names.`);
  if (status === 422)
    return new RequestRejected(
      `${said(answer)}: a profile of EJBCA refuses the request. EJBCA's audit log says which rule.`,
    );
  if (status >= 300 && status < 400)
    return new IssuerError(
      `${said(answer)}, which leads elsewhere. Write EJBCA's own https:// URL into the issuer.`,
    );
  if ([404, 405, 406, 415].includes(status))
    return new IssuerError(
      `${said(answer)}: there is no such REST resource. Check the path of the issuer's URL and EJBCA's version.`,
    );
  if (status >= 500)
    return new RetryableError(
      `${said(answer)}: a general failure. Its database may be down, or it cannot take this request; its log says which.`,
    );
  if (status < 400)
    return new RetryableError(`${said(answer)} and no certificate. Check that the URL is EJBCA's own.`);
  return new RetryableError(
    `${said(answer)} in words that are not known here; perhaps its language is not English. Its log has them. They may mean an outage, so the request is tried again.`,
  );
}
