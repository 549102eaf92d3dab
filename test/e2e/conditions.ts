import type { Condition } from "@countersign/issuer-core";

interface HasType {
  readonly type: string;
  readonly status: string;
}

/** Whether the condition of that type is there with status True. */
export function isTrue(conditions: readonly HasType[] | undefined, type: string): boolean {
  return conditions?.some((condition) => condition.type === type && condition.status === "True") ?? false;
}

/** The condition of that type. */
export function findCondition(
  object: { readonly status?: { readonly conditions?: readonly Condition[] } } | undefined,
  type: string,
): Condition | undefined {
  return object?.status?.conditions?.find((condition) => condition.type === type);
}

/** A condition with status True, as an approver writes it. */
export function trueCondition(type: string, reason: string, message: string): Condition {
  const lastTransitionTime = `${new Date().toISOString().slice(0, 19)}Z`;
  return { type, status: "True", reason, message, lastTransitionTime };
}
