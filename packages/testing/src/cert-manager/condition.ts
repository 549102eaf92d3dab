import type { Condition } from "@countersign/issuer-core";

/** A time as metav1.Time writes it: RFC 3339 with whole seconds. */
export function kubeTime(now: number): string {
  return `${new Date(now).toISOString().slice(0, 19)}Z`;
}

/** The condition of that type, if there is one. */
export function findCondition(
  conditions: readonly Condition[] | undefined,
  type: string,
): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** Whether the condition of that type has status True. */
export function isTrue(conditions: readonly Condition[] | undefined, type: string): boolean {
  return findCondition(conditions, type)?.status === "True";
}

/**
 * The list with `wanted` in it, or the same list when nothing changes. `lastTransitionTime` moves only when the status
 * does (Kubernetes API conventions, "Typical status properties").
 */
export function withCondition(
  conditions: readonly Condition[] | undefined,
  wanted: Omit<Condition, "lastTransitionTime">,
  now: number,
): readonly Condition[] {
  const list = conditions ?? [];
  const before = findCondition(list, wanted.type);
  const lastTransitionTime = before?.status === wanted.status ? before.lastTransitionTime : kubeTime(now);
  const next = { ...wanted, lastTransitionTime };
  if (before === undefined) return [...list, next];
  const unchanged =
    before.status === next.status &&
    before.reason === next.reason &&
    before.message === next.message &&
    before.observedGeneration === next.observedGeneration;
  return unchanged ? list : list.map((condition) => (condition === before ? next : condition));
}
