import { IssuerError, RequestRejected, RetryableError, type SignerError } from "@countersign/issuer-signer";
import type { VenafiAnswer } from "../answer.ts";
import { said } from "../server-error.ts";
import { inQuotes, itSaid } from "../words.ts";
import { cloudCodes, cloudWords, isNotFound, isUnknownApiKey } from "./cloud-error.ts";

/** 10803: the zone of the request is not known (any more). */
const zoneCode = 10803;

/** Whether an answer to a new order is a refusal that {@link orderError} reads. */
export function isOrderRefusal(answer: VenafiAnswer): boolean {
  const { status } = answer;
  if (status === 412) return !isUnknownApiKey(answer);
  return status === 400 || status === 404 || status === 409 || status === 413 || status === 422;
}

/** What a refusal of a new order means: most are about what this one request asks for. */
export function orderError(answer: VenafiAnswer, zone: string): SignerError {
  const refused = `${said("Venafi's SaaS", answer)}: it does not take the request in zone ${inQuotes(zone)}.${itSaid(cloudWords(answer))}`;
  if (isNotFound(answer) || cloudCodes(answer).includes(zoneCode))
    return new IssuerError(`${refused} Check that the application and its issuing template are still there.`);
  if (answer.status === 409)
    return new RetryableError(`${refused} It is tried again.`, { issuedNothing: true });
  return new RequestRejected(
    `${refused} Ask for what the issuing template allows, or have it changed; then create a new request.`,
  );
}
