import type { Condition } from "../kube/types.ts";
import { redact } from "../observe/redact.ts";

/** Longest message that is written: enough for a cause and a cure, too little to carry a PKI's answer. */
const maxMessageBytes = 1024;

/** RFC 3339 with whole seconds, as metav1.Time is. */
export function timestamp(now: number): string {
  return `${new Date(now).toISOString().slice(0, 19)}Z`;
}

/** Control characters, line separators and what reverses the direction of text: terminals show messages as they are. */
const unprintable = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]+/gu;

/**
 * One line of at most 1 KiB: what looks like a credential is removed first, since a cut would hide it from recognition;
 * control characters become spaces, and a cut never splits a character.
 */
export function oneLine(text: string): string {
  const line = redact(text).replace(unprintable, " ").trim();
  if (Buffer.byteLength(line) <= maxMessageBytes) return line;
  let cut = "";
  let bytes = 0;
  for (const character of line) {
    bytes += Buffer.byteLength(character);
    if (bytes > maxMessageBytes - 3) break;
    cut += character;
  }
  return `${cut}…`;
}

/** The condition of that type, if there is one. */
export function findCondition(
  conditions: readonly Condition[] | undefined,
  type: string,
): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** Whether the condition of that type is there with status True. */
export function isTrue(conditions: readonly Condition[] | undefined, type: string): boolean {
  return findCondition(conditions, type)?.status === "True";
}

/**
 * The condition to write now. `lastTransitionTime` moves only when the status does, also when reason or message change
 * (Kubernetes API conventions, "Typical status properties").
 */
export function nextCondition(
  existing: readonly Condition[] | undefined,
  wanted: Omit<Condition, "lastTransitionTime">,
  now: number,
): Condition {
  const before = findCondition(existing, wanted.type);
  const lastTransitionTime = before?.status === wanted.status ? before.lastTransitionTime : timestamp(now);
  return { ...wanted, message: oneLine(wanted.message), lastTransitionTime };
}

/** Whether writing `next` would change nothing that a reader sees. */
export function sameCondition(existing: readonly Condition[] | undefined, next: Condition): boolean {
  const before = findCondition(existing, next.type);
  return (
    before !== undefined &&
    before.status === next.status &&
    before.reason === next.reason &&
    before.message === next.message &&
    before.observedGeneration === next.observedGeneration
  );
}
