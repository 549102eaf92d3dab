import { RequestRejected, type SignerError } from "@countersign/issuer-signer";
import { discreet, numberField, textField, type VenafiAnswer } from "../answer.ts";
import { said } from "../server-error.ts";
import { inQuotes } from "../words.ts";
import type { TppSession } from "./tpp-session.ts";
import { tppSays } from "./tpp-words.ts";

/** What one look at a certificate object shows. */
export type TppLookup =
  /** There is a certificate; whose, has to be seen. */
  | { readonly state: "certificate"; readonly answer: VenafiAnswer }
  /** It is in the making, or waits for an approval. */
  | { readonly state: "processing"; readonly message: string }
  /** Processing has stopped in an error, and goes on after a reset or a retry. */
  | { readonly state: "stopped"; readonly message: string; readonly isRejected: boolean }
  /** There is no such object, or none that the user may see. */
  | { readonly state: "absent" };

/** One call of `retrieve`: with the chain, the leaf first. Throws an error of the closed set for what is no look. */
export async function lookAt(session: TppSession, dn: string, signal: AbortSignal): Promise<TppLookup> {
  const answer = await session.call({
    method: "POST",
    path: "vedsdk/certificates/retrieve",
    json: { CertificateDN: dn, Format: "Base64", IncludeChain: true, RootFirstOrder: false },
    what: "a look at the certificate",
    accepts: isLook,
    signal,
  });
  const stage = stageOf(answer);
  switch (answer.status) {
    case 202:
      return { state: "processing", message: `TPP is at ${stage}.` };
    case 400:
      return { state: "absent" };
    case 500:
      return {
        state: "stopped",
        message: `${said("TPP", answer)}: processing of the certificate has stopped at ${stage}.`,
        isRejected: /\breject|\bdenied by\b|\bdisapprov/i.test(statusOf(answer) ?? ""),
      };
    default:
      return { state: "certificate", answer };
  }
}

/** A 500 without a status of the object, or a 400 about something else, is trouble of the server. */
function isLook(answer: VenafiAnswer): boolean {
  if (answer.status === 500) return statusOf(answer) !== undefined;
  return answer.status === 400 && tppSays(answer, /does not exist|not found/i);
}

/** `stage 600 (approval), "Approve Request"`. */
function stageOf(answer: VenafiAnswer): string {
  const stage = numberField(answer.json, "Stage");
  const status = statusOf(answer);
  const number = stage === undefined ? "an unnamed stage" : `stage ${stage}`;
  // 600 is "Approve Request"; a workflow may also hold any other stage, which the status then says.
  const hint = stage === 600 ? ", which waits for an approval there" : "";
  return `${number}${status === undefined ? "" : ` ${inQuotes(status)}`}${hint}`;
}

function statusOf(answer: VenafiAnswer): string | undefined {
  const status = textField(answer.json, "Status");
  return status === undefined ? undefined : discreet(answer, status);
}

/** Somebody at TPP said no. */
export function rejectedByWorkflow(message: string): SignerError {
  return new RequestRejected(
    `${message} It was rejected there. Ask the approvers, then create a new request.`,
  );
}
