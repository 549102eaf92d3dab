/**
 * Approval policies for CertificateRequests and Kubernetes CSRs: approver-policy's CertificateRequestPolicy, evaluated
 * without Kubernetes, with an explanation for every decision.
 *
 * @module
 */
export {
  additionsAnnotation,
  type PeopleRule,
  type PolicyAdditions,
  policyAdditions,
  type Quota,
  type TimeWindow,
} from "./additions.ts";
export {
  defaultRuleLimits,
  type Rule,
  type RuleBudget,
  RuleCompiler,
  type RuleLimits,
  type RuleRequest,
} from "./cel/rules.ts";
export type { CsrNames, ValuesByOid } from "./csr-names.ts";
export { type Decision, type EvaluateOptions, evaluate, type PolicyVerdict } from "./evaluate.ts";
export type { PeopleNeeded, PersonApproval, QuotaQuestion } from "./evaluate-additions.ts";
export { explain } from "./explain.ts";
export { InvalidPolicyError, type Policy, type PolicyProblem, parsePolicy } from "./parse-policy.ts";
export type { PluginQuestion, PolicyPlugin } from "./plugins.ts";
export { type PolicySpec, policySpec } from "./policy-schema.ts";
export {
  type CertificateRequestLike,
  issuerOfSigner,
  type KubernetesCsrLike,
  type KubernetesIssuer,
  type PolicyRequester,
  type RequesterFields,
  type Subject,
  type SubjectCsr,
  subjectOfCertificateRequest,
  subjectOfKubernetesCsr,
} from "./subject.ts";
export type { Violation } from "./violation.ts";
export { wildcardMatches } from "./wildcard.ts";
