import { IssuerError, RetryableError, type SignerError } from "@countersign/issuer-signer";
import { says, type VaultAnswer } from "./vault-answer.ts";

/** Trouble that says nothing about the health of a server, such as a rate limit: no circuit breaker may count it. */
export class NotTheServersFault extends RetryableError {}

/** Vault names no time unless its operator has it do so; the SDK's back-off comes on top. */
const quotaWaitMs = 1_000;
/** A standby that has not yet seen a write is behind by less. */
const staleWaitMs = 500;

/** Statuses of a server that cannot serve anything now, and what each means. */
const unusableServers: Readonly<Record<number, string>> = Object.freeze({
  472: "it is a disaster recovery secondary, which signs nothing; name the primary instead",
  474: "it is a standby that cannot reach the active server",
  501: "it is not initialised",
  503: "it is sealed or stopping; unseal it",
  530: "it was removed from its cluster; take it off the issuer's servers",
});

/** What Vault answers for a broken set-up of the mount, with a 500 as if it were its own fault. */
const caTrouble =
  /could not fetch the CA certificate|error fetching CA certificate|no default issuer|unable to find PKI issuer|unable to use this issuer for signing|error while attempting to use issuer/i;

/** A standby during an election: whoever says this has done nothing. */
const noActiveServer = /active (cluster )?node not found|cluster leader/i;

const noNamespace = /namespace not found/i;

/** The beginning of every message about an answer. */
export function said({ host, status }: VaultAnswer): string {
  return `Vault at ${host} answered ${status}`;
}

/** Why this server can serve nothing now, by the status of its health or of any other call. */
export function unusableServer(answer: VaultAnswer): RetryableError | undefined {
  const meaning = unusableServers[answer.status];
  if (meaning === undefined) return undefined;
  // A gateway says 503 also of a Vault that broke off.
  const issuedNothing = answer.status !== 503 || says(answer, /sealed|shutting down/i);
  return new RetryableError(`${said(answer)}: ${meaning}.`, {
    issuedNothing,
    retryAfterMs: answer.retryAfterMs,
  });
}

/**
 * What is true of an answer whatever was asked, and undefined where that decides: a 400, 403 or 404 of a Vault that works.
 *
 * @param mayIssue whether the call can have made a certificate
 */
export function commonError(answer: VaultAnswer, mayIssue: boolean): SignerError | undefined {
  const { status, retryAfterMs } = answer;
  if (status === 429) {
    const message = `${said(answer)}: its rate limit is exceeded. Raise the quota, or lower the issuer's rate.`;
    return new NotTheServersFault(message, {
      retryAfterMs: retryAfterMs ?? quotaWaitMs,
      issuedNothing: true,
    });
  }
  if (status === 412) {
    const message = `${said(answer)}: it has not yet seen the writes of another server.`;
    return new NotTheServersFault(message, {
      retryAfterMs: retryAfterMs ?? staleWaitMs,
      issuedNothing: true,
    });
  }
  const unusable = unusableServer(answer);
  if (unusable !== undefined) return unusable;
  if (says(answer, /HTTP request to an HTTPS server/i))
    return new IssuerError(`${said(answer)}: it wants TLS. Write https:// into the issuer's server.`);
  if (status >= 500) return serverError(answer, mayIssue);
  if (status === 404 || status === 405) return pathError(answer);
  return undefined;
}

/** The error for a call whose refusal says nothing: what may not be asked, or is not known, is no fault. */
export function optionalError(answer: VaultAnswer): SignerError | undefined {
  const isRefusal = answer.status >= 400 && answer.status < 412;
  return isRefusal && !says(answer, noNamespace) ? undefined : commonError(answer, false);
}

function serverError(answer: VaultAnswer, mayIssue: boolean): SignerError {
  if (says(answer, caTrouble))
    return new IssuerError(
      `${said(answer)}: the PKI engine has no CA that may sign. Set the mount's default issuer, or correct the reference to one in the path or the role.`,
    );
  if (says(answer, noActiveServer))
    return new RetryableError(`${said(answer)}: its cluster has no active server at the moment.`, {
      issuedNothing: true,
    });
  return new RetryableError(`${said(answer)}. Look into its log.`, { issuedNothing: !mayIssue });
}

function pathError(answer: VaultAnswer): IssuerError {
  if (says(answer, noNamespace))
    return new IssuerError(`${said(answer)}: the namespace does not exist. Correct it in the issuer's spec.`);
  const what = says(answer, /no handler for route/i) ? "nothing is mounted there" : "there is no such path";
  return new IssuerError(`${said(answer)}: ${what}. Correct the path or the mount in the issuer's spec.`);
}

/** Whether a 403 is about the token itself: expired, revoked, used up or never known. */
export function isTokenRefused(answer: VaultAnswer): boolean {
  // Vault since 1.16 says "2 errors occurred: permission denied, invalid token"; before, and in OpenBao, the bare words.
  return (
    answer.status === 403 &&
    (says(answer, /invalid token|bad token/i) || says(answer, /^\s*permission denied\s*$/i))
  );
}
