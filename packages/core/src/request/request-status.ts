import type { SignerCondition } from "@countersign/issuer-signer";
import type { CertificateRequest, Condition } from "../kube/types.ts";
import { type AttemptTimes, readTimes } from "./attempt-times.ts";
import { findCondition, nextCondition, oneLine, timestamp } from "./condition.ts";

/** The `status` that is applied: only fields that are ours, and every one of ours that is to stay. */
export interface RequestStatus {
  readonly conditions: readonly Condition[];
  readonly certificate?: string;
  readonly ca?: string;
  readonly failureTime?: string;
}

/** Reasons of the `Ready` condition that cert-manager knows. */
export type ReadyReason = "Pending" | "Failed" | "Issued" | "Denied";

/** An event to record beside a status write, in issuer-lib's words. */
export interface RequestEvent {
  readonly type: "Normal" | "Warning";
  readonly reason:
    | "Issued"
    | "CertificateDiffers"
    | "PermanentError"
    | "RetryableError"
    | "Pending"
    | "WaitingForIssuerExist"
    | "WaitingForIssuerReady";
  readonly note: string;
}

/** What the SDK keeps on a request between calls of `sign`, inside the message of its own condition. */
export interface AttemptRecord {
  readonly attemptId: string;
  /** The signer's own state, as its last `pending` outcome gave it. */
  readonly operation: unknown;
  readonly times: AttemptTimes;
  /** Types of the signer's own conditions, so that later applies repeat them. */
  readonly conditions: readonly string[];
}

/** Type of the condition that holds the {@link AttemptRecord}: a name of the issuer's group cannot clash with others'. */
export function attemptConditionType(group: string): string {
  return `${group}/Attempt`;
}

/** Largest attempt record in bytes: it travels with every list and watch of requests. */
const maxRecordBytes = 4096;

/** Reads the record back; undefined when there is none, or when what is there is not ours to understand. */
export function readAttempt(group: string, request: CertificateRequest): AttemptRecord | undefined {
  const condition = findCondition(request.status?.conditions, attemptConditionType(group));
  if (condition === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(condition.message);
    if (typeof value !== "object" || value === null || !("attemptId" in value)) return undefined;
    const { attemptId } = value;
    if (typeof attemptId !== "string") return undefined;
    const conditions = "conditions" in value && Array.isArray(value.conditions) ? value.conditions : [];
    return {
      attemptId,
      operation: "operation" in value ? value.operation : undefined,
      times: "times" in value && typeof value.times === "object" ? readTimes(value.times ?? {}) : {},
      conditions: conditions.filter((type): type is string => typeof type === "string"),
    };
  } catch {
    return undefined;
  }
}

function attemptCondition(
  group: string,
  record: AttemptRecord,
  existing: readonly Condition[] | undefined,
  now: number,
) {
  const message = JSON.stringify(record);
  const size = Buffer.byteLength(message);
  if (size > maxRecordBytes) {
    throw new TypeError(`Expected \`operation\` to be at most ${maxRecordBytes} bytes as JSON, got ${size}`);
  }
  const type = attemptConditionType(group);
  const wanted = { type, status: "True", reason: "Recorded", message: "" } as const;
  return { ...nextCondition(existing, wanted, now), message };
}

function signerConditions(
  wanted: readonly SignerCondition[] | undefined,
  kept: readonly string[],
  existing: readonly Condition[] | undefined,
  now: number,
): Condition[] {
  const fresh = (wanted ?? []).map((condition) => nextCondition(existing, condition, now));
  const repeated = kept
    .filter((type) => !fresh.some((condition) => condition.type === type))
    .map((type) => findCondition(existing, type));
  return [...fresh, ...repeated.filter((condition) => condition !== undefined)];
}

/** What {@link requestStatus} needs to know. */
export interface RequestStatusInput {
  readonly group: string;
  readonly request: CertificateRequest;
  readonly now: number;
  readonly ready: { readonly reason: ReadyReason; readonly message: string };
  /** Signer conditions to set now; those of earlier outcomes are repeated from the request. */
  readonly conditions?: readonly SignerCondition[] | undefined;
  /** The state to keep; undefined keeps what is recorded already, null drops it. */
  readonly attempt?: Omit<AttemptRecord, "conditions"> | null | undefined;
  /** PEM chain, leaf first; only with reason Issued. */
  readonly chainPem?: string | undefined;
  /** PEM of the CA; only with reason Issued. */
  readonly caPem?: string | undefined;
}

/**
 * Builds the whole status of one write. `failureTime` comes exactly with Failed and Denied: without it cert-manager
 * never replaces the request when the key is reused, and without `Ready` it crashes cert-manager before 1.21.2.
 */
export function requestStatus(input: RequestStatusInput): RequestStatus {
  const { group, request, now, ready } = input;
  const existing = request.status?.conditions;
  const recorded = readAttempt(group, request);
  const own = signerConditions(input.conditions, recorded?.conditions ?? [], existing, now);
  const attempt = input.attempt === undefined ? recorded : (input.attempt ?? undefined);
  const conditions = [
    nextCondition(
      existing,
      {
        type: "Ready",
        status: ready.reason === "Issued" ? "True" : "False",
        reason: ready.reason,
        message: ready.message,
      },
      now,
    ),
    ...own,
    ...(attempt === undefined
      ? []
      : [attemptCondition(group, { ...attempt, conditions: own.map(({ type }) => type) }, existing, now)]),
  ];
  const terminal = ready.reason === "Failed" || ready.reason === "Denied";
  return {
    conditions,
    ...(input.chainPem === undefined ? {} : { certificate: Buffer.from(input.chainPem).toString("base64") }),
    ...(input.caPem === undefined ? {} : { ca: Buffer.from(input.caPem).toString("base64") }),
    ...(terminal ? { failureTime: timestamp(now) } : {}),
  };
}

/** Whether the write would change nothing that is on the request already. */
export function isNoOp(request: CertificateRequest, status: RequestStatus): boolean {
  if (status.certificate !== undefined || status.failureTime !== undefined) return false;
  return status.conditions.every((next) => {
    const before = findCondition(request.status?.conditions, next.type);
    return before?.status === next.status && before.reason === next.reason && before.message === next.message;
  });
}

/** The event that belongs to a text; the note is the condition's message. */
export function requestEvent(
  type: RequestEvent["type"],
  reason: RequestEvent["reason"],
  note: string,
): RequestEvent {
  return { type, reason, note: oneLine(note) };
}
