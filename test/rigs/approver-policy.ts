import { buildRig } from "./build-rig.ts";
import { startOracleProcess } from "./x509-oracle-process.ts";

/** Everything that the real controller reads before it decides. */
export interface ReviewQuestion {
  /** CertificateRequestPolicies as JSON, with the status that they are to have. */
  readonly policies: readonly object[];
  /** A CertificateRequest as JSON. */
  readonly request: object;
  readonly namespaceLabels?: Readonly<Record<string, string>> | undefined;
  /** Names of the policies that RBAC lets the requester use. */
  readonly mayUse: readonly string[];
}

/** The real manager's answer; `error` where it would try again later. */
export interface ReviewAnswer {
  readonly decision: "approved" | "denied" | "unprocessed" | "error";
  readonly message: string;
}

/** What the real webhook's approvers say of a policy. */
export interface ValidateAnswer {
  readonly allowed: boolean;
  readonly errors: readonly string[];
}

/** approver-policy's own manager, predicates, evaluators and validators. */
export interface ApproverPolicy extends AsyncDisposable {
  review(question: ReviewQuestion): Promise<ReviewAnswer>;
  validate(policy: object): Promise<ValidateAnswer>;
}

/**
 * Starts approver-policy as a process that answers questions, without a cluster (about 0.2 s).
 * @throws RigUnavailable when the rig cannot be had.
 */
export async function startApproverPolicy(): Promise<ApproverPolicy> {
  const { path } = await buildRig("approver-policy");
  const rig = startOracleProcess(path);
  return {
    review: (review) => rig.ask<ReviewAnswer>({ review }),
    validate: (policy) => rig.ask<ValidateAnswer>({ validate: { policy } }),
    [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose](),
  };
}
