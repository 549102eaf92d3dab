import { startInformer } from "../kube/informer.ts";
import { isKubeApiError } from "../kube/kube-api-error.ts";
import { objectKey } from "../kube/object-key.ts";
import type { KubeTransport } from "../kube/transport.ts";
import type { Condition } from "../kube/types.ts";
import type { Scheduler } from "../queue/scheduler.ts";
import { ApprovalError } from "./approval-error.ts";
import {
  type ApprovableRequest,
  gone,
  type RequestToApprove,
  requestTitle,
  requestType,
} from "./approval-request.ts";

/** Options of {@link waitForApproval}. */
export interface WaitForApprovalOptions {
  readonly transport: KubeTransport;
  readonly request: RequestToApprove;
  /** Ends the wait, as a deadline does: `AbortSignal.timeout(60_000)`. */
  readonly signal: AbortSignal;
  readonly scheduler?: Scheduler | undefined;
}

/** What was decided about a request; denial is one of the answers, not an error. */
export interface ApprovalAnswer {
  readonly decision: "approved" | "denied";
  readonly object: ApprovableRequest;
}

/**
 * Waits by a watch until the request is approved or denied.
 *
 * @throws ApprovalError when the request is gone, replaced by another, or given up by its signer before a decision;
 * the signal's reason when it aborts first.
 */
export async function waitForApproval(options: WaitForApprovalOptions): Promise<ApprovalAnswer> {
  const { transport, request, signal, scheduler } = options;
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<ApprovalAnswer>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort);
  const informer = startInformer<ApprovableRequest>({
    transport,
    type: requestType(request),
    namespace: request.kind === "CertificateRequest" ? request.namespace : undefined,
    fieldSelector: `metadata.name=${request.name}`,
    matches: ({ metadata }) => metadata.name === request.name,
    scheduler,
    onTrouble: ({ error }) => {
      // Without the right to look there is nothing that time would bring.
      if (isKubeApiError(error, 401, 403)) reject(error);
    },
  });
  try {
    let uid: string | undefined;
    const look = () => {
      const object = informer.store.get(objectKey({ metadata: request }));
      if (object === undefined) return reject(gone(request));
      uid ??= object.metadata.uid;
      if (object.metadata.uid !== uid) {
        return reject(
          new ApprovalError(
            "replaced",
            `${requestTitle(request)} is another object by now: wait for it anew`,
          ),
        );
      }
      const answer = answerOf(request, object);
      if (answer instanceof Error) reject(answer);
      else if (answer !== undefined) resolve(answer);
    };
    informer.synced.then(() => {
      informer.store.onChange(look);
      look();
    }, reject);
    return await promise;
  } finally {
    signal.removeEventListener("abort", onAbort);
    await informer.stop();
  }
}

function answerOf(request: RequestToApprove, object: ApprovableRequest): ApprovalAnswer | Error | undefined {
  const conditions: readonly Pick<Condition, "type" | "status">[] = object.status?.conditions ?? [];
  const has = (type: string) => conditions.some((each) => each.type === type && each.status === "True");
  // A denial wins, should a server without cert-manager's webhook ever store both.
  if (has("Denied")) return { decision: "denied", object };
  if (has("Approved")) return { decision: "approved", object };
  if (!has("Failed") && !has("InvalidRequest")) return undefined;
  return new ApprovalError(
    "failed",
    `${requestTitle(request)} was given up before a decision: create a new request`,
  );
}
