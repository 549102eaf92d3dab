import type { Policy } from "./parse-policy.ts";
import type { Subject } from "./subject.ts";
import { violation } from "./violation.ts";
import { wildcardMatches } from "./wildcard.ts";

/** Why the policy's selector does not choose the request, in one line; undefined where it does. */
export function notSelected(
  { spec }: Policy,
  { issuerRef, namespace }: Subject,
  namespaceLabels: Readonly<Record<string, string>> | undefined,
): string | undefined {
  const { issuerRef: issuer = {}, namespace: place = {} } = spec.selector;
  for (const field of ["name", "kind", "group"] as const) {
    const pattern = issuer[field];
    if (pattern !== undefined && !wildcardMatches(pattern, issuerRef[field]))
      return violation(`spec.selector.issuerRef.${field}`, `"${pattern}"`, issuerRef[field]).message;
  }
  const { matchNames = [], matchLabels = {} } = place;
  if (matchNames.length > 0 && !matchNames.some((pattern) => wildcardMatches(pattern, namespace))) {
    const wanted = `one of ${matchNames.map((pattern) => `"${pattern}"`).join(", ")}`;
    return violation("spec.selector.namespace.matchNames", wanted, namespace).message;
  }
  for (const [label, value] of Object.entries(matchLabels)) {
    const has =
      namespaceLabels !== undefined && Object.hasOwn(namespaceLabels, label)
        ? namespaceLabels[label]
        : undefined;
    if (has !== value)
      return violation(`spec.selector.namespace.matchLabels.${label}`, `"${value}"`, has ?? []).message;
  }
  return undefined;
}
