import {
  momentViolations,
  type PeopleNeeded,
  type PersonApproval,
  peopleNeeded,
  type QuotaQuestion,
} from "./evaluate-additions.ts";
import { allowedViolations } from "./evaluate-allowed.ts";
import { constraintViolations } from "./evaluate-constraints.ts";
import { csrViolations } from "./evaluate-csr.ts";
import type { Policy } from "./parse-policy.ts";
import { type PolicyPlugin, pluginViolations } from "./plugins.ts";
import { notSelected } from "./select.ts";
import type { Subject } from "./subject.ts";
import { type Violation, violation } from "./violation.ts";

/** What one policy says of a request. */
export interface PolicyVerdict {
  readonly policy: string;
  /** `not-selected`: the policy does not speak of this request, for the reason in `notSelected`. */
  readonly verdict: "approves" | "denies" | "needs-people" | "not-selected";
  readonly notSelected: string | undefined;
  /** The verdict is told and does not count. */
  readonly dryRun: boolean;
  readonly violations: readonly Violation[];
  readonly people: readonly PeopleNeeded[];
}

/** What becomes of a request, and what each policy said, in the order of the policies' names. */
export interface Decision {
  readonly decision: "approved" | "denied" | "unprocessed" | "needs-people";
  /** The policy that approves, or that sends the request to people. */
  readonly policy: string | undefined;
  /** One printable line of at most 1 KiB. */
  readonly message: string;
  readonly policies: readonly PolicyVerdict[];
}

/** Everything beside policies and request that a decision depends on. */
export interface EvaluateOptions {
  /** Whether RBAC lets the requester `use` the policy (a SubjectAccessReview); everybody may unless given. */
  readonly mayUse?: ((policy: Policy) => boolean) | undefined;
  /** Of the policy object, from its Ready condition; `unknown` where it has none yet. Ready unless given. */
  readonly readiness?: ((policy: Policy) => "ready" | "not-ready" | "unknown") | undefined;
  /** Labels of the request's namespace; none unless given. */
  readonly namespaceLabels?: Readonly<Record<string, string>> | undefined;
  /** By the names under which policies call them. */
  readonly plugins?: Readonly<Record<string, PolicyPlugin>> | undefined;
  /** The time for time windows; without it they are closed. */
  readonly now?: Date | undefined;
  /** How many requests were approved; without it quotas are used up. */
  readonly approvedSince?: ((question: QuotaQuestion) => number) | undefined;
  /** People who have approved this request. */
  readonly approvals?: readonly PersonApproval[] | undefined;
  /** What becomes of a request of which no policy speaks: `leave` it unprocessed, as approver-policy does, or `deny`. */
  readonly unmatched?: "leave" | "deny" | undefined;
}

/**
 * Decides on a request as approver-policy does: everything within a policy must hold, one policy that holds is enough,
 * and what no policy speaks of is left alone. Pure: the same arguments give the same decision.
 */
export function evaluate(
  policies: readonly Policy[],
  subject: Subject,
  options: EvaluateOptions = {},
): Decision {
  const sorted = policies.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const verdicts = sorted.map((policy) => verdictOf(policy, subject, options));
  const counted = verdicts.filter(({ dryRun, verdict }) => !dryRun && verdict !== "not-selected");
  const decided = (decision: Decision["decision"], message: string, policy?: string): Decision => ({
    decision,
    policy,
    message: message.length > 1024 ? `${message.slice(0, 1021)}...` : message,
    policies: verdicts,
  });
  const approving = counted.find(({ verdict }) => verdict === "approves");
  if (approving !== undefined)
    return decided(
      "approved",
      `Approved by CertificateRequestPolicy: "${approving.policy}"`,
      approving.policy,
    );
  const forPeople = counted.find(({ verdict }) => verdict === "needs-people");
  if (forPeople !== undefined)
    return decided(
      "needs-people",
      `${forPeople.policy} sends this to people: ${forPeople.people.map(peopleText).join("; ")}`,
      forPeople.policy,
    );
  if (counted.length === 0) {
    const reason =
      policies.length === 0
        ? "there is no CertificateRequestPolicy; create one that selects this request"
        : `none of ${policies.length} policies speaks of this request: ${verdicts.map(reasonText).join("; ")}`;
    return options.unmatched === "deny"
      ? decided("denied", `Denied by default: ${reason}`)
      : decided("unprocessed", `Waiting: ${reason}`);
  }
  const reasons = counted
    .map(({ policy, violations }) => `[${policy}: ${violations.map(({ message }) => message).join(", ")}]`)
    .join(" ");
  const waiting = sorted.find(
    (policy) =>
      options.readiness?.(policy) === "unknown" && selectionProblem(policy, subject, options) === undefined,
  );
  return waiting === undefined
    ? decided("denied", `No policy approved this request: ${reasons}`)
    : decided(
        "unprocessed",
        `Waiting: the policy ${waiting.name} is not ready yet and may approve; so far: ${reasons}`,
      );
}

/** Who is needed, and how many, in one line. */
export function peopleText({ names, count, given, approvers }: PeopleNeeded): string {
  const so = given.length === 0 ? "" : ` (${given.join(", ")} did)`;
  return `${count} of ${approvers.join(", ")} must approve${so}, because of ${names.slice(0, 8).join(", ")}`;
}

function verdictOf(policy: Policy, subject: Subject, options: EvaluateOptions): PolicyVerdict {
  const { name, spec, additions } = policy;
  const verdict = {
    policy: name,
    notSelected: undefined,
    dryRun: additions.dryRun,
    violations: [],
    people: [],
  };
  const problem = selectionProblem(policy, subject, options) ?? readinessProblem(policy, options);
  if (problem !== undefined) return { ...verdict, verdict: "not-selected", notSelected: problem };
  const { csr } = subject;
  if (csr.refused !== undefined) {
    const violations = [violation("request", "a CSR that every reader reads alike", csr.refused)];
    return { ...verdict, verdict: "denies", violations };
  }
  const violations = [
    ...csrViolations(subject, csr, additions),
    ...allowedViolations(policy, subject, csr),
    ...(spec.constraints === undefined ? [] : constraintViolations(spec.constraints, subject, csr)),
    ...pluginViolations(policy, subject, options.plugins ?? {}),
    ...momentViolations(policy, subject, options.now, options.approvedSince),
  ];
  if (violations.length > 0) return { ...verdict, verdict: "denies", violations };
  const people = peopleNeeded(additions.people, subject, csr, options.approvals ?? []);
  return { ...verdict, verdict: people.length > 0 ? "needs-people" : "approves", people };
}

function selectionProblem(policy: Policy, subject: Subject, options: EvaluateOptions): string | undefined {
  const problem = notSelected(policy, subject, options.namespaceLabels);
  if (problem !== undefined || options.mayUse === undefined || options.mayUse(policy)) return problem;
  const { username } = subject.requester;
  const where = subject.namespace === "" ? "" : ` in namespace ${subject.namespace}`;
  return violation("RBAC", `the verb use on certificaterequestpolicies/${policy.name}${where}`, username)
    .message;
}

function readinessProblem(policy: Policy, options: EvaluateOptions): string | undefined {
  const readiness = options.readiness?.(policy) ?? "ready";
  return readiness === "ready"
    ? undefined
    : `the policy is ${readiness === "unknown" ? "not ready yet" : "not ready"}`;
}

function reasonText({ policy, verdict, notSelected: problem }: PolicyVerdict): string {
  return `[${policy}: ${problem ?? `${verdict}, as a dry run`}]`;
}
