import type { Requester } from "@countersign/issuer-signer";
import type { CertificateRequest, Condition } from "../kube/types.ts";
import type { Approval, RequestStep } from "../lifecycle/lifecycle.ts";
import { findCondition } from "./condition.ts";
import type { IssuerKey } from "./match-issuer.ts";

/** Who created the request; its API server fills the fields in and keeps them. */
export function requesterOf({ username, uid, groups, extra }: CertificateRequest["spec"]): Requester {
  return { username: username ?? "", uid, groups: groups ?? [], extra };
}

function approvalOf(conditions: readonly Condition[] | undefined): Approval | undefined {
  const denied = findCondition(conditions, "Denied");
  const decided = denied?.status === "True" ? denied : findCondition(conditions, "Approved");
  if (decided?.status !== "True") return undefined;
  return { approved: decided !== denied, reason: decided.reason, message: decided.message };
}

/** What {@link requestStep} needs. */
export interface RequestStepInput {
  readonly group: string;
  readonly request: CertificateRequest;
  readonly issuer: IssuerKey;
  readonly reconcile: number;
  /** The step of the look before: it still knows what the cache has dropped of a finished request. */
  readonly before: RequestStep | undefined;
}

/** What every step of one look at a request says. */
export function requestStep({ group, request, issuer, reconcile, before }: RequestStepInput): RequestStep {
  const { metadata, spec } = request;
  return {
    request: {
      kind: request.kind === "CertificateSigningRequest" ? request.kind : "CertificateRequest",
      namespace: metadata.namespace ?? "",
      name: metadata.name,
      uid: metadata.uid,
    },
    issuer: { group, kind: issuer.kind.kind, namespace: issuer.namespace, name: issuer.name },
    reconcile,
    requester: spec.username === undefined ? (before?.requester ?? requesterOf(spec)) : requesterOf(spec),
    approval: approvalOf(request.status?.conditions) ?? before?.approval,
  };
}
