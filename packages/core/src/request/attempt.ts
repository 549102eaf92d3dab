import {
  cannotTell,
  type Issued,
  isPermanent,
  issuedNothing,
  PermanentError,
  RetryableError,
  type SignContext,
  type SignOutcome,
  type SignRequest,
  signerErrorCode,
} from "@countersign/issuer-signer";
import type { IssuerDefinition } from "../definition/define-issuer.ts";
import type { IssuerConnection } from "../issuer/issuer-connection.ts";
import type { CertificateRequest } from "../kube/types.ts";
import type { Lifecycle, RequestAnswered, RequestStep } from "../lifecycle/lifecycle.ts";
import { withDeadline } from "../lifecycle/with-deadline.ts";
import type { Park } from "../queue/work-queue.ts";
import { attemptId } from "./attempt-id.ts";
import { type AttemptTimes, timesAtCall } from "./attempt-times.ts";
import { errorText, type SignResult } from "./conclude.ts";
import { oneLine } from "./condition.ts";
import { type RequestStatus, readAttempt, requestStatus } from "./request-status.ts";
import { type CertificateRules, verifyOutcome } from "./verify-outcome.ts";

/** What this process knows of its own earlier attempts for a request. */
export interface AttemptMemory {
  /** `nothing`: the last call certainly made the PKI issue nothing. `unknown`: it may have. Undefined: none was made. */
  lastCall: "nothing" | "unknown" | undefined;
  /** The order that the last `pending` outcome kept: what the request says of it may not be in the cache yet. */
  operation: unknown;
  /** The possible duplicate has been reported already. */
  reported: boolean;
}

/** How an attempt reaches the cluster. */
export interface AttemptPorts {
  /** The request as the API server has it now, not as the cache does; undefined when it is gone. */
  reread(request: CertificateRequest, signal: AbortSignal): Promise<CertificateRequest | undefined>;
  /**
   * Resolves to the request after the write, or undefined when it is gone. Rejects only when `signal` fires or the write
   * can never succeed.
   */
  applyStatus(
    request: CertificateRequest,
    status: RequestStatus,
    signal: AbortSignal,
  ): Promise<CertificateRequest | undefined>;
  /** @throws when this process may not call the PKI, because it does not hold the lease */
  fence(): void;
}

/** Options that are the same for every attempt. */
export interface AttemptOptions {
  readonly definition: IssuerDefinition;
  readonly ports: AttemptPorts;
  readonly lifecycle: Lifecycle;
  readonly signTimeoutMs: number;
  readonly rules: CertificateRules;
  readonly possibleDuplicate: "sign" | "fail";
  readonly clock: () => number;
}

/** What one attempt is about. */
export interface AttemptInput {
  readonly request: CertificateRequest;
  readonly signRequest: SignRequest;
  readonly step: RequestStep;
  readonly connection: IssuerConnection;
  readonly memory: AttemptMemory;
  /** Whether the request, as it was read anew, is still to be signed. */
  readonly stillDue: (request: CertificateRequest) => Promise<boolean>;
  readonly signal: AbortSignal;
  /** Around each call of the signer. */
  readonly park: Park;
}

/** How an attempt ended. */
export interface AttemptEnd {
  /** `overtaken`: the PKI was not called, since the request has changed after the cache saw it. */
  readonly result: SignResult | { readonly status: "overtaken" };
  /** The request with what the attempt has written to it: what comes next builds on it. */
  readonly request: CertificateRequest;
  /** As they stood at the start of the call. */
  readonly times: AttemptTimes;
  readonly attemptId: string;
}

const overtaken = Object.freeze({ status: "overtaken" } as const);

/**
 * Calls the signer so that a crash at any moment leads to no second certificate, or to one that is reported.
 *
 * Unless the signer is idempotent, the attempt is recorded on the request before the first call. Whoever finds a record
 * without a result, after a crash or an answer that was lost, asks `find` first; where there is no `find`, the possible
 * duplicate is reported before the PKI is called again.
 *
 * @throws what the cluster throws; what the signer throws is a result
 */
export async function attempt(options: AttemptOptions, input: AttemptInput): Promise<AttemptEnd> {
  const { connection, signal } = input;
  const id = attemptId(input.signRequest.uid, input.signRequest.parsedCsr.der);
  let { request } = input;
  if (!connection.idempotent && operationOf(options, input, request, id) === undefined) {
    // The cache may be behind another replica's, or our own, last write.
    const fresh = await options.ports.reread(request, signal);
    if (fresh === undefined || !(await input.stillDue(fresh)))
      return { result: overtaken, request, times: {}, attemptId: id };
    request = fresh;
    if (recordOf(options.definition, request, id) === undefined) {
      const recorded = await options.ports.applyStatus(request, startedStatus(options, request, id), signal);
      if (recorded === undefined) return { result: overtaken, request, times: {}, attemptId: id };
      request = recorded;
      input.memory.lastCall = "nothing";
    }
  }
  signal.throwIfAborted();
  options.ports.fence();
  const started = options.clock();
  const times = timesAtCall(recordOf(options.definition, request, id)?.times ?? {}, started);
  const answered = (answer: Pick<RequestAnswered, "outcome" | "code" | "message">) => {
    const ms = options.clock() - started;
    options.lifecycle.announce("request:answered", { ...input.step, attemptId: id, ms, ...answer });
  };
  try {
    const result = await callSigner(options, input, request, id);
    if (result.status !== "error") answered({ outcome: result.status, code: undefined, message: undefined });
    return { result, request, times, attemptId: id };
  } catch (error) {
    if (signal.aborted) throw error;
    answered({ outcome: "error", code: signerErrorCode(error), message: errorText(error) });
    return { result: { status: "error", error }, request, times, attemptId: id };
  }
}

async function callSigner(
  options: AttemptOptions,
  input: AttemptInput,
  request: CertificateRequest,
  id: string,
): Promise<SignResult> {
  const { definition, lifecycle, clock, rules } = options;
  const { step, signRequest, connection, memory } = input;
  const operation = operationOf(options, input, request, id);
  const context: CallContext = {
    attemptId: id,
    operation: operation === undefined ? undefined : definition.operation?.parse(operation),
  };
  lifecycle.announce("request:signing", { ...step, attemptId: id, signRequest });
  const started = clock();
  const doubtful = !connection.idempotent && operation === undefined && memory.lastCall !== "nothing";
  if (doubtful) memory.lastCall = "unknown";
  const known = doubtful ? await lookUp(options, input, context) : undefined;
  const outcome = known ?? (await sign(options, input, context));
  memory.operation = outcome.status === "pending" ? outcome.operation : undefined;
  if (outcome.status === "pending") return outcome;
  const { certificates: cache } = connection;
  const verified = verifyOutcome({ outcome, request: signRequest, now: clock(), rules, cache });
  lifecycle.announce("request:signed", {
    ...step,
    attemptId: id,
    serial: verified.serial,
    signMs: clock() - started,
    notAfterMs: verified.notAfterMs,
    caNotAfterMs: verified.caNotAfterMs,
    mismatches: verified.mismatches,
  });
  return verified.result;
}

type CallContext = Omit<SignContext<unknown>, "signal">;

/** A record of another attempt says nothing about this one. */
function recordOf(definition: IssuerDefinition, request: CertificateRequest, id: string) {
  const record = readAttempt(definition.group, request);
  return record?.attemptId === id ? record : undefined;
}

function operationOf(
  { definition }: AttemptOptions,
  { memory }: AttemptInput,
  request: CertificateRequest,
  id: string,
) {
  return memory.operation ?? recordOf(definition, request, id)?.operation;
}

function startedStatus(
  { definition, clock }: AttemptOptions,
  request: CertificateRequest,
  id: string,
): RequestStatus {
  const now = clock();
  return requestStatus({
    group: definition.group,
    request,
    now,
    ready: { reason: "Pending", message: "The request is being signed." },
    attempt: { attemptId: id, operation: undefined, times: timesAtCall({}, now) },
  });
}

/** What the PKI knows of an attempt whose end nobody saw; undefined when it is to be asked anew. */
async function lookUp(
  options: AttemptOptions,
  input: AttemptInput,
  context: CallContext,
): Promise<SignOutcome<unknown> | Issued | undefined> {
  const { connection, memory, step, signRequest, park } = input;
  const found = connection.canFind
    ? await park(() =>
        connection.use((signer) =>
          withDeadline(deadline(options, input), async (signal) =>
            signer.find?.(signRequest, { ...context, signal }),
          ),
        ),
      )
    : cannotTell("this issuer cannot look it up");
  if (found?.status !== "cannot-tell") return found;
  if (!memory.reported) {
    memory.reported = true;
    const message = oneLine(
      `The PKI may have issued a certificate for this request already: an earlier attempt ended without an answer, and ${found.reason}.`,
    );
    options.lifecycle.announce("request:possibleDuplicate", {
      ...step,
      type: "Warning",
      reason: "PossibleDuplicate",
      message,
    });
  }
  if (options.possibleDuplicate === "fail") {
    throw new PermanentError(
      "An earlier attempt ended without an answer, and this issuer may not sign twice. Look for the certificate at the PKI, then create a new request.",
    );
  }
  return undefined;
}

async function sign(
  options: AttemptOptions,
  input: AttemptInput,
  context: CallContext,
): Promise<SignOutcome<unknown>> {
  const { connection, memory, signRequest, park } = input;
  memory.lastCall = "unknown";
  try {
    return await park(() =>
      connection.use((signer) =>
        withDeadline(deadline(options, input), (signal) => signer.sign(signRequest, { ...context, signal })),
      ),
    );
  } catch (error) {
    const code = signerErrorCode(error);
    if (code === "ISSUER" || isPermanent(code) || issuedNothing(error)) memory.lastCall = "nothing";
    throw error;
  }
}

function deadline({ signTimeoutMs }: AttemptOptions, { signal }: AttemptInput) {
  const late = () => new RetryableError(`The PKI took longer than ${signTimeoutMs / 1000} s.`);
  return { signal, timeoutMs: signTimeoutMs, late };
}
