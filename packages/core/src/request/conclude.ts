import {
  isPermanent,
  type OrderedChain,
  type Pending,
  retryAfterMs,
  type SignerCondition,
  signerErrorCode,
} from "@countersign/issuer-signer";
import type { CertificateRequest } from "../kube/types.ts";
import { oneLine } from "./condition.ts";
import { type RequestEvent, type RequestStatus, requestEvent, requestStatus } from "./request-status.ts";

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
  readonly next: /** The request is finished once the status is written. */
    | { readonly kind: "done" }
    /** Nothing until something changes. */
    | { readonly kind: "wait" }
    /** Look again after at least this many milliseconds. */
    | { readonly kind: "again"; readonly afterMs: number; readonly backOff: boolean }
    /** The issuer is at fault: it is checked anew, and the request waits for it. */
    | { readonly kind: "issuer"; readonly error: unknown };
}

/** What a conclusion depends on. */
export interface ConclusionInput {
  readonly group: string;
  readonly request: CertificateRequest;
  readonly attemptId: string;
  readonly result: SignResult;
  /** Milliseconds since the epoch of the first attempt for this request. */
  readonly firstAttemptMs: number;
  /** For how long a retryable error is retried, in milliseconds from the first attempt. */
  readonly retryForMs: number;
  readonly now: number;
}

/** The text of an error for a status: its own message, never its causes, which may hold what the PKI said. */
export function errorText(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return oneLine(text) || "unknown error";
}

/**
 * Turns the end of a signer's call into the one status to write. Precedence as in issuer-lib: a fault of the issuer
 * beats all; then pending; then permanent; then the retry deadline; anything else is tried again.
 */
export function conclude(input: ConclusionInput): Conclusion {
  const { group, request, now, result, attemptId } = input;
  const base = { group, request, now } as const;
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
    return { status, event: requestEvent("Normal", "Issued", message), next: { kind: "done" } };
  }
  if (result.status === "pending") {
    const message = `Signing still in progress. ${result.message ?? "The PKI has not issued the certificate yet."}`;
    const status = requestStatus({
      ...base,
      ready: { reason: "Pending", message },
      conditions: result.conditions,
      attempt: { attemptId, operation: result.operation },
    });
    const next = { kind: "again", afterMs: result.retryAfterMs, backOff: false } as const;
    return { status, event: requestEvent("Normal", "Pending", message), next };
  }
  const { error } = result;
  const code = signerErrorCode(error);
  if (code === "ISSUER") {
    const message = "Waiting for issuer to become ready. Current issuer ready condition is outdated.";
    const status = requestStatus({ ...base, ready: { reason: "Pending", message } });
    return {
      status,
      event: requestEvent("Normal", "WaitingForIssuerReady", message),
      next: { kind: "issuer", error },
    };
  }
  const late = now >= input.firstAttemptMs + input.retryForMs;
  if (isPermanent(code) || late) {
    const message = `Failed permanently to sign ${request.kind}: ${errorText(error)}`;
    const status = requestStatus({ ...base, ready: { reason: "Failed", message }, attempt: null });
    return { status, event: requestEvent("Warning", "PermanentError", message), next: { kind: "done" } };
  }
  const message = `Failed to sign ${request.kind}, will retry: ${errorText(error)}`;
  const status = requestStatus({ ...base, ready: { reason: "Pending", message } });
  const next = { kind: "again", afterMs: retryAfterMs(error) ?? 0, backOff: true } as const;
  return { status, event: requestEvent("Warning", "RetryableError", message), next };
}
