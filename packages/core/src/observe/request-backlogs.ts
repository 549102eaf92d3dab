import type { CertificateRequest } from "../kube/types.ts";
import type { IssuerRef } from "../lifecycle/lifecycle.ts";
import { findCondition, isTrue } from "../request/condition.ts";
import { type IssuerKey, issuerKeyText } from "../request/match-issuer.ts";
import { isFinished } from "../request/trim-request.ts";
import type { IssuerBacklog } from "./issuer-state.ts";

interface Counting {
  readonly issuer: IssuerRef;
  pending: number;
  oldestPendingMs: number | undefined;
  unapproved: number;
}

/** Counts the open requests of each issuer. */
export function requestBacklogs(
  group: string,
  requests: Iterable<readonly [CertificateRequest, IssuerKey]>,
): IssuerBacklog[] {
  const backlogs = new Map<string, Counting>();
  for (const [request, { kind, namespace, name }] of requests) {
    const conditions = request.status?.conditions;
    const { deletionTimestamp, creationTimestamp } = request.metadata;
    if (isFinished(request) || deletionTimestamp !== undefined || isTrue(conditions, "Denied")) continue;
    const key = issuerKeyText(kind.kind, namespace, name);
    let backlog = backlogs.get(key);
    if (backlog === undefined) {
      const issuer = { group, kind: kind.kind, namespace, name };
      backlog = { issuer, pending: 0, oldestPendingMs: undefined, unapproved: 0 };
      backlogs.set(key, backlog);
    }
    if (!isTrue(conditions, "Approved")) {
      backlog.unapproved += 1;
      continue;
    }
    backlog.pending += 1;
    const approved = findCondition(conditions, "Approved");
    const since = Date.parse(approved?.lastTransitionTime ?? creationTimestamp);
    // A view of a Kubernetes CertificateSigningRequest has no such time where the API server set none.
    const sinceMs = since > 0 ? since : Date.parse(creationTimestamp);
    backlog.oldestPendingMs = Math.min(backlog.oldestPendingMs ?? sinceMs, sinceMs);
  }
  return [...backlogs.values()];
}
