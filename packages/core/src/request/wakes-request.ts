import type { CertificateRequest, Condition } from "../kube/types.ts";
import { attemptConditionType, readAttempt } from "./request-status.ts";

/**
 * Whether a change of a request is news to its issuer: a new annotation, a deletion, or another's condition that came,
 * went or changed its status. The echo of the issuer's own writes is not, or a failing request would be tried again at
 * once for ever.
 */
export function wakesRequest(
  group: string,
  object: CertificateRequest,
  previous: CertificateRequest | undefined,
): boolean {
  if (previous === undefined || previous.metadata.uid !== object.metadata.uid) return true;
  return (
    previous.metadata.deletionTimestamp !== object.metadata.deletionTimestamp ||
    !sameRecord(previous.metadata.annotations, object.metadata.annotations) ||
    !sameRecord(foreignStatuses(group, previous), foreignStatuses(group, object))
  );
}

function foreignStatuses(
  group: string,
  request: CertificateRequest,
): Readonly<Record<string, Condition["status"]>> {
  const own = new Set([
    "Ready",
    attemptConditionType(group),
    ...(readAttempt(group, request)?.conditions ?? []),
  ]);
  const foreign = (request.status?.conditions ?? []).filter(({ type }) => !own.has(type));
  return Object.fromEntries(foreign.map(({ type, status }) => [type, status]));
}

function sameRecord(
  a: Readonly<Record<string, string>> = {},
  b: Readonly<Record<string, string>> = {},
): boolean {
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && a[key] === b[key])
  );
}
