import type { Condition, IssuerObject } from "../kube/types.ts";
import { nextCondition, sameCondition } from "../request/condition.ts";

/** Outcome of one look at an issuer object, as its Ready condition tells it. */
export interface IssuerVerdict {
  readonly status: "True" | "False";
  /** `Checked`: works. `Pending`: tried again. `Failed`: waits for a change of spec or Secret. */
  readonly reason: "Checked" | "Pending" | "Failed";
  readonly message: string;
}

/** The `status` to apply, or undefined when the issuer says so already. `observedGeneration` ties it to the spec. */
export function issuerStatus(
  issuer: IssuerObject,
  verdict: IssuerVerdict,
  now: number,
): { readonly conditions: readonly Condition[] } | undefined {
  const existing = issuer.status?.conditions;
  const { generation } = issuer.metadata;
  const next = nextCondition(
    existing,
    { type: "Ready", ...verdict, ...(generation === undefined ? {} : { observedGeneration: generation }) },
    now,
  );
  return sameCondition(existing, next) ? undefined : { conditions: [next] };
}
