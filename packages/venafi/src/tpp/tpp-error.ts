import { IssuerError, type SignerError } from "@countersign/issuer-signer";
import type { VenafiAnswer } from "../answer.ts";
import { said, serverError, unknownAnswer } from "../server-error.ts";
import { itSaid } from "../words.ts";
import { tppWords } from "./tpp-words.ts";

/** What {@link tppError} needs to know of the call. */
export interface TppCallKind {
  /** For messages, such as `a certificate request`. */
  readonly what: string;
  /** Whether the call can have made a certificate. */
  readonly mayIssue?: boolean | undefined;
  /** Whether the issuer can log in anew, so that a 401 or 403 is final. */
  readonly advice: string;
}

/** What an answer without success means that the call itself has no reading for. */
export function tppError(answer: VenafiAnswer, { what, mayIssue = false, advice }: TppCallKind): SignerError {
  const call = { product: "TPP", mayIssue, urlField: "tpp.url" } as const;
  const words = tppWords(answer);
  const common = serverError(answer, call, words);
  if (common !== undefined) return common;
  const { status } = answer;
  if (status === 401)
    return new IssuerError(
      `${said("TPP", answer)}: the access token is not accepted.${itSaid(words)} ${advice}`,
    );
  if (status === 403)
    return new IssuerError(
      `${said("TPP", answer)} to ${what}: it is not allowed.${itSaid(words)} Give the API integration and the grant the scope certificate:manage, and the user rights to view, read, write and create in the zone's folder.`,
    );
  if (status === 404)
    return new IssuerError(
      `${said("TPP", answer)} to ${what}: there is no such API. Check tpp.url, and that WebSDK and VEDauth are installed there.`,
    );
  return unknownAnswer(answer, call, what, words);
}
