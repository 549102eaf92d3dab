import { RetryableError } from "@countersign/issuer-signer";
import { isSuccess } from "../answer.ts";
import { itSaid } from "../words.ts";
import type { TppSession } from "./tpp-session.ts";
import { tppSays, tppWords } from "./tpp-words.ts";

/** A person has to act, so there is no hurry, in milliseconds. */
const refusedWaitMs = 60_000;

/** 400s that mean that there is nothing to do: the object works again, or is gone. */
const nothingToReset = /no reset is required|does not exist/i;

/**
 * Clears the error of an object, without starting it again.
 *
 * @throws RetryableError where TPP refuses: it is about the one object, and the issuer goes on with others. Some versions want
 * the scope certificate:delete for it
 */
export async function resetProcessing(
  session: TppSession,
  dn: string,
  problem: string,
  signal: AbortSignal,
): Promise<void> {
  const answer = await session.call({
    method: "POST",
    path: "vedsdk/certificates/reset",
    json: { CertificateDN: dn, Restart: false },
    what: "a reset of the certificate",
    accepts: ({ status }) => status === 400 || status === 403,
    signal,
  });
  if (isSuccess(answer) || (answer.status === 400 && tppSays(answer, nothingToReset))) return;
  const words = itSaid(tppWords(answer));
  throw new RetryableError(
    `${problem} TPP answered ${answer.status} when the issuer wanted to reset it.${words} Reset it by hand, or set tpp.scope to certificate:manage,delete and allow that.`,
    { retryAfterMs: refusedWaitMs, issuedNothing: true },
  );
}
