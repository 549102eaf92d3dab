import { afterAll, beforeAll, expect, it } from "vitest";
import { type ApproverPolicy, startApproverPolicy } from "../../../test/rigs/approver-policy.ts";
import { describeWithRigs } from "../../../test/rigs/rigs.ts";
import { RuleCompiler } from "./cel/rules.ts";
import { cr, holding, impossible, withoutAnswer } from "./cel/rules-fixture.ts";
import { evaluate } from "./evaluate.ts";
import { type GeneratedCase, generateCase } from "./generate-fixture.ts";
import { allowAll, hardeningRows } from "./hardening-fixture.ts";
import { InvalidPolicyError, parsePolicy } from "./parse-policy.ts";
import { certificateRequest, policyObjectOf } from "./request-fixture.ts";
import { seeded } from "./seeded-fixture.ts";
import { subjectOfCertificateRequest } from "./subject.ts";

const runs = Number(process.env.COUNTERSIGN_POLICY_RUNS ?? 1000);
const seed = Number(process.env.COUNTERSIGN_POLICY_SEED ?? 1);

const compiler = new RuleCompiler();

/** Parts of rules that only we refuse: too long, too deep, messages. */
const knownDifferences = ["xxxx", "((((", "google.protobuf"];

const text = (value: object) => ({ allowed: { commonName: value } });
const key = (privateKey: object) => ({ constraints: { privateKey } });
const invalidSpecs: readonly (readonly [what: string, spec: object])[] = [
  ["a required value and neither value nor validations", text({ required: true })],
  ["required values and neither values nor validations", { allowed: { dnsNames: { required: true } } }],
  ["a rule that does not compile", text({ validations: [{ rule: "self ==" }] })],
  [
    "a rule that is no bool",
    { allowed: { subject: { organizations: { validations: [{ rule: "self" }] } } } },
  ],
  ["an OID with a leading zero", { allowed: { otherNames: [{ oid: "1.02.3" }] } }],
  ["an OID that has a field", { allowed: { subject: { otherAttributes: [{ oid: "2.5.4.10" }] } } }],
  ["a required OID without values", { allowed: { otherNames: [{ oid: "1.2.3", required: true }] } }],
  ["another algorithm", key({ algorithm: "DSA" })],
  ["sizes of Ed25519", key({ algorithm: "Ed25519", minSize: 256 })],
  ["a size above 8192", key({ maxSize: 8193 })],
  ["a size below 0", key({ minSize: -1 })],
  ["a greatest size below the least", key({ minSize: 3072, maxSize: 2048 })],
  ["a longest duration below the shortest", { constraints: { minDuration: "2h", maxDuration: "1h" } }],
  ["a negative duration", { constraints: { minDuration: "-1h" } }],
];

/** Ours, with what the real controller finds in the status and asks of RBAC. */
function ours({ policies, request, namespaceLabels, mayUse }: GeneratedCase) {
  const statuses = new Map(policies.map((policy) => [policy.metadata.name, readyStatus(policy)]));
  return evaluate(
    policies.map((policy) => parsePolicy(policy, compiler)),
    subjectOfCertificateRequest(request),
    {
      namespaceLabels,
      mayUse: ({ name }) => mayUse.includes(name),
      readiness: ({ name }) => {
        const status = statuses.get(name);
        return status === undefined ? "unknown" : status === "True" ? "ready" : "not-ready";
      },
    },
  );
}

function readyStatus(policy: object): string | undefined {
  const { status } = policy as {
    readonly status: { readonly conditions: readonly { readonly status: string }[] };
  };
  return status.conditions[0]?.status;
}

/** Fields that the real message names, by policy: `[name: path: …, path: …]`. */
function realPaths(message: string): string[] {
  return [
    ...message.matchAll(
      /(spec\.(?:allowed|constraints)[\w.[\]]*): (?:Invalid value|Required value|Internal error)/g,
    ),
  ]
    .map(([, path = ""]) => path)
    .sort();
}

describeWithRigs(["approver-policy"], "approver-policy itself", () => {
  let real: ApproverPolicy;
  beforeAll(async () => {
    real = await startApproverPolicy();
  });
  afterAll(() => real[Symbol.asyncDispose]());

  it(`decides ${runs} generated requests as we do, and for the same fields`, async () => {
    const random = seeded(seed);
    const seen = { approved: 0, denied: 0, unprocessed: 0 };
    const paths = new Set<string>();
    for (let run = 0; run < runs; run += 1) {
      const situation = generateCase(random);
      const { decision, policies } = ours(situation);
      const answer = await real.review(situation);
      const about = `run ${run} of seed ${seed}: ${answer.message}\n${JSON.stringify(situation)}`;
      expect(decision, about).toBe(answer.decision);
      if (answer.decision === "denied") {
        const violated = policies.flatMap(({ violations }) => violations.map(({ path }) => path)).sort();
        expect([...new Set(violated)], about).toEqual([...new Set(realPaths(answer.message))]);
        for (const path of violated) paths.add(path);
      }
      if (answer.decision !== "error") seen[answer.decision] += 1;
    }
    // A generator that meets only one of them would prove nothing.
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(runs / 50);
    expect(paths.size).toBeGreaterThan(20);
  });

  const ready = {
    conditions: [{ type: "Ready", status: "True", reason: "x", message: "", lastTransitionTime: null }],
  };
  const withRule = (rule: string) => ({
    ...policyObjectOf({ allowed: { commonName: { validations: [{ rule }] } } }),
    status: ready,
  });
  const answerOf = async (rule: string, value: string) => {
    const request = certificateRequest({ subject: [["2.5.4.3", value]] }, { ...cr, groups: cr.groups });
    return real.review({ policies: [withRule(rule)], request, mayUse: ["policy"] });
  };

  it.each(holding)("takes the rule %s, which holds", async (rule) => {
    expect(await real.validate(withRule(rule))).toMatchObject({ allowed: true });
    expect(await answerOf(rule, "a.shop.svc")).toMatchObject({ decision: "approved" });
    expect((await answerOf(`!(${rule})`, "a.shop.svc")).message).toContain("failed rule");
  });

  it.each(impossible.filter(([rule]) => !knownDifferences.some((part) => rule.includes(part))))(
    "refuses the rule %s",
    async (rule) => {
      expect(await real.validate(withRule(rule))).toMatchObject({ allowed: false });
    },
  );

  it.each(impossible.filter(([rule]) => knownDifferences.some((part) => rule.includes(part))))(
    "takes %s, which we refuse: docs/concepts/approval.md says so",
    async (rule) => {
      expect(await real.validate(withRule(rule))).toMatchObject({ allowed: true });
    },
  );

  it.each(withoutAnswer.filter(([rule]) => !rule.includes("a?a?")))(
    "denies by the rule %s, which has no answer",
    async (rule) => {
      expect(await answerOf(rule, "value")).toMatchObject({ decision: "denied" });
    },
  );

  it.each(invalidSpecs)("refuses a policy with %s", async (_what, spec) => {
    const policy = policyObjectOf(spec);
    expect(await real.validate(policy)).toMatchObject({ allowed: false });
    expect(() => parsePolicy(policy)).toThrow(InvalidPolicyError);
  });

  it.each(hardeningRows)("decides on a CSR with %s as docs/concepts/approval.md says", async (...row) => {
    const [, parts, request, , decision] = row;
    const policy = { ...policyObjectOf(allowAll), status: ready };
    const question = { policies: [policy], request: certificateRequest(parts, request), mayUse: ["policy"] };
    expect(await real.review(question)).toMatchObject({ decision });
  });
});
