import { IssuerError, RequestRejected, RetryableError, type SignerError } from "@countersign/issuer-signer";
import { hresultOf, hresultText } from "./certsrv/hresults.ts";
import type { RequestState } from "./certsrv/request-state.ts";

/** A CA that is in trouble is asked again after so long: each try leaves a row in its database. */
const caTroubleMs = 5 * 60_000;

/** How the CA named its refusal. */
export interface CaRefusal {
  /** `denied` by policy or people, or an `error` of the CA. */
  readonly status: "denied" | "error";
  readonly requestId: number | undefined;
  readonly hresult: number | undefined;
}

/**
 * The error for what the CA refused, by its code alone. What it denies without a known reason is denied for good; an error
 * without one is tried again. Nothing has been issued in either case.
 */
export function refusalError({ status, requestId, hresult }: CaRefusal): SignerError {
  const request = requestId === undefined ? "the request" : `request ${requestId}`;
  const code = hresult === undefined ? "without a code" : `with ${hresultText(hresult)}`;
  const entry = hresult === undefined ? undefined : hresultOf(hresult);
  const verb = status === "denied" ? "denied" : "could not take";
  const hint = entry?.hint ?? "The CA's event log and its list of failed requests say why.";
  const message = `The CA ${verb} ${request} ${code}. ${hint}`;
  const kind = entry?.kind ?? (status === "denied" ? "denied" : "retry");
  if (kind === "issuer") return new IssuerError(message);
  if (kind === "denied") return new RequestRejected(message);
  return new RetryableError(message, { issuedNothing: true, retryAfterMs: caTroubleMs });
}

/** The error for a submission that the CA has neither issued nor taken. */
export function submissionError(state: Exclude<RequestState, { status: "issued" | "pending" }>): SignerError {
  switch (state.status) {
    case "unknown":
      return unknownAnswer(state.problem);
    case "elsewhere":
    case "revoked":
      return refusalError({ status: "denied", requestId: undefined, hresult: undefined });
    case "error":
      return refusalError({ ...state, requestId: undefined });
    case "denied":
      return refusalError(state);
  }
}

/** The error for a page that is none of certsrv's: nobody can tell whether something was issued. `problem` is a noun. */
export function unknownAnswer(problem: string): RetryableError {
  return new RetryableError(
    `certsrv answered with a page that is not understood: it has ${problem}. Look for the request at the CA, and check that the URL is that of certsrv.`,
  );
}
