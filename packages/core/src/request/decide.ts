import type { CertificateRequest, IssuerObject } from "../kube/types.ts";
import { timesWhileWaiting } from "./attempt-times.ts";
import { findCondition, isTrue } from "./condition.ts";
import {
  isNoOp,
  type RequestEvent,
  type RequestStatus,
  type RequestStatusInput,
  readAttempt,
  requestEvent,
  requestStatus,
} from "./request-status.ts";
import { sentence } from "./sentence.ts";

/** What to do with one request now. */
export type Decision =
  /** Nothing, ever: the request is finished or not ours to touch. */
  | { readonly action: "ignore"; readonly why: string }
  /** Nothing until something changes, or until `atMs`. */
  | { readonly action: "wait"; readonly why: string; readonly atMs?: number }
  /** Write this status; then nothing until something changes. */
  | { readonly action: "write"; readonly status: RequestStatus; readonly event: RequestEvent }
  | { readonly action: "sign" };

/** What is remembered about a request between two looks at it, in this process. */
export interface RequestMemory {
  /** Do not call the PKI before this time, in milliseconds since the epoch. */
  readonly notBeforeMs?: number | undefined;
}

/** Everything that a decision depends on. */
export interface DecisionInput {
  readonly group: string;
  readonly request: CertificateRequest;
  /** Kind, namespace and name of the issuer that the request names, for messages. */
  readonly issuerKind: string;
  readonly issuerName: string;
  /** The issuer object, if it exists. */
  readonly issuer: IssuerObject | undefined;
  /** Whether this process has a connected signer for the issuer's present generation. */
  readonly connected: boolean;
  readonly memory: RequestMemory;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

function waiting(input: DecisionInput, reason: RequestEvent["reason"], message: string): Decision {
  const { group, request, now } = input;
  const ready: RequestStatusInput["ready"] = { reason: "Pending", message };
  const record = readAttempt(group, request);
  const attempt = record && { ...record, times: timesWhileWaiting(record.times, now) };
  const status = requestStatus({ group, request, now, ready, attempt });
  if (isNoOp(request, status)) return { action: "wait", why: message };
  return { action: "write", status, event: requestEvent("Normal", reason, message) };
}

/** Why the issuer cannot sign now, in the words of issuer-lib; undefined when it can. */
function issuerTrouble({ issuer }: DecisionInput): string | undefined {
  const ready = findCondition(issuer?.status?.conditions, "Ready");
  const waitingFor = "Waiting for issuer to become ready. Current issuer ready condition";
  if (ready === undefined) return `${waitingFor}: <none>.`;
  if ((ready.observedGeneration ?? 0) < (issuer?.metadata.generation ?? 0))
    return `${waitingFor} is outdated.`;
  if (ready.status !== "True") return sentence(`${waitingFor} is "${ready.reason}": ${ready.message}`);
  return undefined;
}

/**
 * The order of the gates, as one pure function. A finished request is never touched again; a denial is answered before
 * approval is looked for, since a denied request is never approved; the PKI is reached only behind Approved=True and a
 * ready issuer.
 */
export function decide(input: DecisionInput): Decision {
  const { request, now } = input;
  const conditions = request.status?.conditions;
  const ready = findCondition(conditions, "Ready");

  if (request.metadata.deletionTimestamp !== undefined)
    return { action: "ignore", why: "The request is being deleted." };
  if (ready?.status === "True" || ready?.reason === "Issued")
    return { action: "ignore", why: "The request is issued." };
  if (ready?.reason === "Failed") return { action: "ignore", why: "The request has failed." };
  if (ready?.reason === "Denied") return { action: "ignore", why: "The request is denied." };
  if (isTrue(conditions, "Denied")) {
    const message = "Detected that the CertificateRequest is denied, so it will never be Ready.";
    const status = requestStatus({
      group: input.group,
      request,
      now,
      ready: { reason: "Denied", message },
      attempt: null,
    });
    return { action: "write", status, event: requestEvent("Warning", "PermanentError", message) };
  }
  if (isTrue(conditions, "InvalidRequest"))
    return { action: "ignore", why: "The request is marked InvalidRequest." };
  if (!isTrue(conditions, "Approved"))
    return { action: "wait", why: "The request has been neither approved nor denied." };
  if (input.issuer === undefined || input.issuer.metadata.deletionTimestamp !== undefined) {
    const message = `${input.issuerKind}.${input.group} "${input.issuerName}" not found. Waiting for it to be created.`;
    return waiting(input, "WaitingForIssuerExist", message);
  }
  const trouble = issuerTrouble(input);
  if (trouble !== undefined) return waiting(input, "WaitingForIssuerReady", trouble);
  // After a restart the issuer may be Ready by its condition before this process has connected to its PKI.
  if (!input.connected) return { action: "wait", why: "The issuer is being connected." };
  if (input.memory.notBeforeMs !== undefined && input.memory.notBeforeMs > now) {
    return { action: "wait", why: "Backing off.", atMs: input.memory.notBeforeMs };
  }
  return { action: "sign" };
}
