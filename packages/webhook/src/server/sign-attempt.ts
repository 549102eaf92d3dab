import {
  type CertificateCache,
  type Issued,
  isPermanent,
  issuedNothing,
  type SignContext,
  type Signer,
  type SignOutcome,
  type SignRequest,
  signerErrorCode,
  verifyIssued,
} from "@countersign/issuer-signer";
import type { Attempt, SignResult } from "./attempts.ts";
import type { Caller } from "./caller.ts";
import { HttpProblem, retryAfter } from "./http-problem.ts";

/** What {@link signAttempt} needs. */
export interface SignAttemptOptions {
  readonly signer: Signer<unknown>;
  readonly attempt: Attempt;
  readonly caller: Caller;
  /** Bounds one call of the signer, in milliseconds. */
  readonly timeoutMs: number;
  /** Fires when the service ends calls that are under way. */
  readonly stopping: AbortSignal;
  /** Told that an earlier call may have issued, and why nobody can tell. */
  readonly onPossibleDuplicate: (reason: string) => void;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly cache: CertificateCache;
}

/** One call of the signer for an attempt, so that a repeat leads to no second certificate, or to one that is reported. */
export async function signAttempt(options: SignAttemptOptions): Promise<SignResult> {
  const { attempt, caller, timeoutMs, stopping, clock, cache } = options;
  const request = requestOf(attempt, caller);
  const deadline = AbortSignal.timeout(timeoutMs);
  const signal = AbortSignal.any([deadline, stopping]);
  const context = { operation: attempt.operation, signal, attemptId: attempt.id };
  try {
    const outcome = (await lookUp(options, request, context)) ?? (await sign(options, request, context));
    attempt.operation = outcome.status === "pending" ? outcome.operation : undefined;
    if (outcome.status === "pending") {
      const { retryAfterMs, message } = outcome;
      return { status: "pending", retryAfterMs, message };
    }
    return issuedResult(outcome, request, clock(), cache);
  } catch (error) {
    if (deadline.aborted) throw tooLate(timeoutMs, error);
    if (stopping.aborted) throw stopped(error);
    throw error;
  }
}

/** What the PKI knows of the attempt already. Asked for where there may be something to know. */
async function lookUp(
  { signer, attempt, onPossibleDuplicate }: SignAttemptOptions,
  request: SignRequest,
  context: SignContext<unknown>,
): Promise<SignOutcome<unknown> | Issued | undefined> {
  if (signer.idempotent === true || attempt.operation !== undefined) return undefined;
  // A key that is new to this process may be old to another one.
  if (!attempt.isDoubtful && !(attempt.isNew && attempt.hasKey)) return undefined;
  const found = await signer.find?.(request, context);
  if (found !== undefined && found.status !== "cannot-tell") return found;
  if (attempt.isDoubtful && (found !== undefined || signer.find === undefined))
    onPossibleDuplicate(found?.reason ?? "this signer cannot look it up");
  return undefined;
}

async function sign(
  { signer, attempt }: SignAttemptOptions,
  request: SignRequest,
  context: SignContext<unknown>,
): Promise<SignOutcome<unknown>> {
  attempt.isNew = false;
  attempt.isDoubtful = true;
  try {
    const outcome = await signer.sign(request, context);
    attempt.isDoubtful = false;
    return outcome;
  } catch (error) {
    const code = signerErrorCode(error);
    if (code === "ISSUER" || isPermanent(code) || issuedNothing(error)) attempt.isDoubtful = false;
    throw error;
  }
}

/** The request as a signer wants it. Names and ids follow from the attempt, since signers derive names at the PKI from them. */
function requestOf({ id, body, startedAt }: Attempt, caller: Caller): SignRequest {
  if (body === undefined) throw new TypeError("Expected `body` of an attempt that is not issued, got none");
  const { csr, durationSeconds, usages, isCA } = body;
  const { username, uid, groups, namespace } = caller;
  return {
    uid: id,
    kind: "CertificateRequest",
    namespace,
    name: `sign-${id.slice(0, 12)}`,
    csr: csr.pem,
    parsedCsr: csr,
    durationSeconds,
    usages,
    isCA,
    annotations: {},
    labels: {},
    requester: { username, uid, groups },
    approvedAt: startedAt,
  };
}

/** Another key, a broken chain, an expired certificate, or names nobody asked for never leave the service. */
function issuedResult(
  { chain, ca }: Issued,
  request: SignRequest,
  now: number,
  cache: CertificateCache,
): SignResult {
  const { parsedCsr: csr, isCA, usages, durationSeconds } = request;
  const verified = verifyIssued({ csr, chain, ca, now: new Date(now), isCA, usages, durationSeconds, cache });
  const { leaf, caPem, mismatches } = verified;
  return {
    status: "issued",
    certificate: verified.chain.chainPem,
    ca: caPem,
    serial: leaf.serialHex,
    notAfter: leaf.notAfter,
    differences: mismatches.map(
      ({ field, requested, issued }) =>
        `${field}: requested ${requested || "none"}, issued ${issued || "none"}`,
    ),
  };
}

function tooLate(timeoutMs: number, cause: unknown): HttpProblem {
  return new HttpProblem({
    status: 504,
    code: "timeout",
    message: `The PKI did not answer within ${timeoutMs / 1000} s. It may issue all the same: repeat the request.`,
    headers: retryAfter(5_000),
    cause,
  });
}

function stopped(cause: unknown): HttpProblem {
  return new HttpProblem({
    status: 503,
    code: "overloaded",
    message: "The service stops before the PKI has answered. Repeat the request.",
    headers: retryAfter(1_000),
    cause,
  });
}
