import { isKubeApiError } from "../kube/kube-api-error.ts";
import { retryWrite } from "../kube/retry-write.ts";
import type { KubeTransport } from "../kube/transport.ts";
import type { Condition } from "../kube/types.ts";
import { type Scheduler, systemScheduler } from "../queue/scheduler.ts";
import { oneLine, timestamp } from "../request/condition.ts";
import { ApprovalError } from "./approval-error.ts";
import {
  type ApprovableRequest,
  gone,
  type RequestToApprove,
  readRequest,
  requestPath,
  requestTitle,
} from "./approval-request.ts";

/** Options of {@link approveRequest} and {@link denyRequest}. */
export interface DecideRequestOptions {
  readonly transport: KubeTransport;
  readonly request: RequestToApprove;
  /** Who decides, in the form of a condition's reason, such as `AcmeApprover`. */
  readonly reason: string;
  /** Why, for people; kept to one line of at most 1 KiB. */
  readonly message: string;
  /** Decide about this object alone, and not about a later one of its name. */
  readonly uid?: string | undefined;
  /** Ends the tries. */
  readonly signal?: AbortSignal | undefined;
  readonly scheduler?: Scheduler | undefined;
}

/** What has become of a decision. */
export interface RequestDecision {
  /** False when the same had been decided before: then nothing was written. */
  readonly written: boolean;
  /** The condition as it is stored. */
  readonly condition: Partial<Condition> & Pick<Condition, "type" | "status">;
  readonly object: ApprovableRequest;
}

/** metav1.Condition's own rule for reasons. */
const reasonPattern = /^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/;

/**
 * Approves a request, once: a request that is approved already is left as it is.
 *
 * @throws ApprovalError when it is denied, replaced by another or gone; KubeApiError for what the API server refuses, 403
 * without the permissions that `checkApprovalPermission` names; TypeError for a `reason` that is none.
 */
export function approveRequest(options: DecideRequestOptions): Promise<RequestDecision> {
  return decideRequest("Approved", options);
}

/** Denies a request, once and for ever: by the rules of {@link approveRequest}, with its errors. */
export function denyRequest(options: DecideRequestOptions): Promise<RequestDecision> {
  return decideRequest("Denied", options);
}

async function decideRequest(
  type: "Approved" | "Denied",
  options: DecideRequestOptions,
): Promise<RequestDecision> {
  const { transport, request, reason, message, scheduler = systemScheduler } = options;
  const { signal = new AbortController().signal } = options;
  if (reason.length > 1024 || !reasonPattern.test(reason)) {
    throw new TypeError(
      `Expected \`reason\` to be a condition's reason such as \`AcmeApprover\`, got \`${reason}\``,
    );
  }
  let uid = options.uid;
  return retryWrite({ signal, scheduler }, async () => {
    const seen = await readRequest(transport, request, signal);
    // A request that was deleted and made again between two tries is another request.
    uid ??= seen.metadata.uid;
    if (seen.metadata.uid !== uid) throw replaced(request);
    const decided = decisionOf(type, request, seen);
    if (decided !== undefined) return { written: false, condition: decided, object: seen };
    const now = timestamp(scheduler.now());
    const condition = {
      type,
      status: "True" as const,
      reason,
      message: oneLine(message),
      lastTransitionTime: now,
    };
    // The other conditions go back as they came: cert-manager's webhook compares them to the second. The version that
    // was read goes too, so that of two who decide at once one meets a conflict and reads what the other has said.
    const conditions = [...(seen.status?.conditions ?? []), condition];
    try {
      const object = await transport.request<ApprovableRequest>({
        method: "PUT",
        path: requestPath(request, "decision"),
        body: { ...seen, status: { ...seen.status, conditions } },
        signal,
      });
      return { written: true, condition, object };
    } catch (error) {
      throw isKubeApiError(error, 404) ? gone(request) : error;
    }
  });
}

/**
 * The decision that is there already, if it is the same.
 *
 * @throws ApprovalError when it is the opposite
 */
function decisionOf(
  type: "Approved" | "Denied",
  request: RequestToApprove,
  { status }: ApprovableRequest,
): RequestDecision["condition"] | undefined {
  const opposite = type === "Approved" ? "Denied" : "Approved";
  const conditions: readonly RequestDecision["condition"][] = status?.conditions ?? [];
  const against = conditions.find((each) => each.type === opposite);
  if (against !== undefined) {
    throw new ApprovalError(
      "decided",
      `${requestTitle(request)} is ${opposite.toLowerCase()} already (${oneLine(`${against.reason}: ${against.message}`)}): ` +
        "a decision cannot be taken back, create a new request",
    );
  }
  return conditions.find((each) => each.type === type);
}

function replaced(request: RequestToApprove): ApprovalError {
  return new ApprovalError(
    "replaced",
    `${requestTitle(request)} is another object by now: look at it before deciding about it`,
  );
}
