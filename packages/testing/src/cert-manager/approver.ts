import type { CertificateRequest } from "@countersign/issuer-core";
import { applyStatus, type KubeTransport, type Scheduler } from "@countersign/issuer-core/kube";
import { kubeTime } from "./condition.ts";
import type { CertManagerEmitter } from "./events.ts";
import { certificateRequestType } from "./kube-objects.ts";
import { isDecided } from "./request-outcome.ts";

/** What an approver may say to a request; `ignore` leaves it undecided until it changes. */
export type ApprovalVerdict = "approve" | "deny" | "ignore" | { readonly deny: string };

/** Whether requests are approved: all, none, or as a function decides for each that nobody has decided about. */
export type ApprovalPolicy =
  | boolean
  | ((request: CertificateRequest) => ApprovalVerdict | Promise<ApprovalVerdict>);

/** What {@link decideApproval} works with. */
export interface ApproverOptions {
  readonly transport: KubeTransport;
  readonly approve: ApprovalPolicy;
  readonly events: CertManagerEmitter;
  readonly scheduler: Scheduler;
}

/** Writes the `Approved` or `Denied` condition that the policy asks for; nothing where somebody has decided already. */
export async function decideApproval(
  options: ApproverOptions,
  request: CertificateRequest,
  signal: AbortSignal,
): Promise<void> {
  const { transport, approve, events, scheduler } = options;
  if (isDecided(request) || approve === false) return;
  const verdict = approve === true ? "approve" : await approve(request);
  if (verdict === "ignore") return;
  const denied = verdict !== "approve";
  const message =
    typeof verdict === "object"
      ? verdict.deny
      : `Certificate request has been ${denied ? "denied" : "approved"} by cert-manager.io`;
  const type = denied ? "Denied" : "Approved";
  const lastTransitionTime = kubeTime(scheduler.now());
  const condition = { type, status: "True", reason: "cert-manager.io", message, lastTransitionTime };
  const written = await applyStatus(transport, {
    type: certificateRequestType,
    object: request,
    status: { conditions: [condition] },
    fieldManager: "cert-manager-certificaterequests-approver",
    signal,
    scheduler,
  });
  if (written === undefined) return;
  const { namespace = "", name } = request.metadata;
  if (denied) events.emit("denied", { namespace, name, message });
  else events.emit("approved", { namespace, name });
}
