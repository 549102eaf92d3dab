import {
  type IssuerLimits,
  isPermanent,
  type OrderedChain,
  type Pending,
  retryAfterMs,
  type SignerCondition,
  signerErrorCode,
} from "@countersign/issuer-signer";
import type { CertificateRequest } from "../kube/types.ts";
import { type AttemptTimes, timesWhilePending, timesWhileWaiting } from "./attempt-times.ts";
import { oneLine } from "./condition.ts";
import {
  type RequestEvent,
  type RequestStatus,
  readAttempt,
  requestEvent,
  requestStatus,
} from "./request-status.ts";
import { spokenDuration } from "./spoken-duration.ts";

/** How one call of the signer ended, after verification. */
export type SignResult =
  | {
      readonly status: "issued";
      readonly chain: OrderedChain;
      /** PEM for `status.ca`, if one is to be published. */
      readonly ca: string | undefined;
      readonly conditions?: readonly SignerCondition[] | undefined;
      /** How the certificate differs from the request, for a warning; empty when it does not. */
      readonly mismatches: readonly string[];
    }
  | Pending<unknown>
  | { readonly status: "error"; readonly error: unknown };

/** What follows from a {@link SignResult}. */
export interface Conclusion {
  readonly status: RequestStatus;
  readonly event: RequestEvent;
  /** What people should know beside it. */
  readonly warning?: RequestEvent | undefined;
  readonly next: /** The request is finished once the status is written. */
    | { readonly kind: "done" }
    /** Nothing until something changes. */
    | { readonly kind: "wait" }
    /** Look again after at least this many milliseconds, and a back-off that grows with each time in a row. */
    | { readonly kind: "again"; readonly afterMs: number; readonly backOff: "none" | "short" | "long" }
    /** The issuer is at fault: it is checked anew, and the request waits for it. */
    | { readonly kind: "issuer"; readonly error: unknown };
}

/** What a conclusion depends on. */
export interface ConclusionInput {
  readonly group: string;
  readonly request: CertificateRequest;
  readonly attemptId: string;
  readonly result: SignResult;
  /** As they stood at the start of the call. */
  readonly times: AttemptTimes;
  readonly limits: AttemptLimits;
  /** What the issuer object says: it goes before the program, and before the signer. */
  readonly ofIssuer: Pick<IssuerLimits, keyof AttemptLimits>;
  readonly now: number;
}

/** When an attempt without a certificate becomes a failure. */
export interface AttemptLimits {
  /** For how long trouble with the PKI is retried, in milliseconds from the first call; waits for the issuer do not count. */
  readonly retryForMs: number;
  /** For how long the PKI may answer `pending`, in milliseconds from the first time. */
  readonly pendingForMs: number;
}

/** The text of an error for a status: its own message, never its causes, which may hold what the PKI said. */
export function errorText(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return oneLine(text) || "unknown error";
}

/**
 * Turns the end of a signer's call into the one status to write. Precedence as in issuer-lib: a fault of the issuer
 * beats all; then pending, until its bound; then permanent; then the retry deadline; anything else is tried again.
 */
export function conclude(input: ConclusionInput): Conclusion {
  const { group, request, now, result, attemptId, limits, ofIssuer } = input;
  const base = { group, request, now } as const;
  const record = readAttempt(group, request);
  if (result.status === "issued") {
    const message = `Succeeded signing the ${request.kind}`;
    const status = requestStatus({
      ...base,
      ready: { reason: "Issued", message },
      conditions: result.conditions,
      attempt: null,
      chainPem: result.chain.chainPem,
      caPem: result.ca,
    });
    const differs = `The certificate differs from the request. ${result.mismatches.join("; ")}`;
    return {
      status,
      event: requestEvent("Normal", "Issued", message),
      warning:
        result.mismatches.length === 0 ? undefined : requestEvent("Warning", "CertificateDiffers", differs),
      next: { kind: "done" },
    };
  }
  if (result.status === "pending") {
    const waitingFor = result.message ?? "The PKI has not issued the certificate yet.";
    const times = timesWhilePending(input.times, now);
    const boundMs = ofIssuer.pendingForMs ?? result.giveUpAfterMs ?? limits.pendingForMs;
    const leftMs = (times.pendingSinceMs ?? now) + boundMs - now;
    if (leftMs <= 0) {
      return failure(
        input,
        `the PKI has had the request for ${spokenDuration(boundMs)} without issuing. Last it said: ${waitingFor} Have the order decided at the PKI, then create a new request.`,
        result.conditions,
      );
    }
    const message = `Signing still in progress. ${waitingFor}`;
    const status = requestStatus({
      ...base,
      ready: { reason: "Pending", message },
      conditions: result.conditions,
      attempt: { attemptId, operation: result.operation, times },
    });
    // One last look when the time is up, however seldom the signer wants to be asked.
    const afterMs = Math.min(result.retryAfterMs, leftMs);
    const next = { kind: "again", afterMs, backOff: "none" } as const;
    return { status, event: requestEvent("Normal", "Pending", message), next };
  }
  const { error } = result;
  const code = signerErrorCode(error);
  if (code === "ISSUER") {
    const message = "Waiting for issuer to become ready. Current issuer ready condition is outdated.";
    const times = timesWhileWaiting(input.times, now);
    const attempt = record && { ...record, times };
    const status = requestStatus({ ...base, ready: { reason: "Pending", message }, attempt });
    return {
      status,
      event: requestEvent("Normal", "WaitingForIssuerReady", message),
      next: { kind: "issuer", error },
    };
  }
  const { triedSinceMs = now } = input.times;
  const late = now >= triedSinceMs + (ofIssuer.retryForMs ?? limits.retryForMs);
  if (isPermanent(code) || late) return failure(input, errorText(error));
  const message = `Failed to sign ${request.kind}, will retry: ${errorText(error)}`;
  // Recorded for an idempotent signer too, which costs no write here: a restart must not begin the deadline anew.
  const attempt = { attemptId, operation: record?.operation, times: input.times };
  const status = requestStatus({ ...base, ready: { reason: "Pending", message }, attempt });
  // Each further answer that is refused is a certificate more in the PKI's books.
  const backOff = code === "BAD_CERTIFICATE" ? "long" : "short";
  const next = { kind: "again", afterMs: retryAfterMs(error) ?? 0, backOff } as const;
  return { status, event: requestEvent("Warning", "RetryableError", message), next };
}

function failure(
  { group, request, now }: ConclusionInput,
  why: string,
  conditions?: readonly SignerCondition[],
): Conclusion {
  const message = `Failed permanently to sign ${request.kind}: ${why}`;
  const ready = { reason: "Failed", message } as const;
  const status = requestStatus({ group, request, now, ready, conditions, attempt: null });
  return { status, event: requestEvent("Warning", "PermanentError", message), next: { kind: "done" } };
}
