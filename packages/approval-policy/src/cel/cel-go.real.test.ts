import { expect, it } from "vitest";
import { startApproverPolicy } from "../../../../test/rigs/approver-policy.ts";
import { describeWithRigs } from "../../../../test/rigs/rigs.ts";
import { allowAll } from "../hardening-fixture.ts";
import { certificateRequest, policyObjectOf } from "../request-fixture.ts";
import { seeded } from "../seeded-fixture.ts";
import { generateRule } from "./generate-rule-fixture.ts";
import { RuleCompiler } from "./rules.ts";
import { cr } from "./rules-fixture.ts";

const runs = Number(process.env.COUNTERSIGN_POLICY_RULES ?? 2000);
const seed = Number(process.env.COUNTERSIGN_POLICY_SEED ?? 1);

/**
 * What only we refuse or have no answer to: numbers of different types compared (cel-go refuses them too, unless a macro
 * stands before them in the rule), doubles as text, a double
 * as %d, and maps as keys. docs/concepts/approval.md lists them.
 */
const stricter = [
  /there is no _[<>]=?_\((int|uint|double), (int|uint|double)\)/,
  /there is no string\(double\)/,
  /format prints no/,
  /key/,
];

type Verdict = "refused" | "holds" | "does not hold" | "no answer";

const compiler = new RuleCompiler();
const values = ["ab.svc", "\u{1d4b3}é-1"];

interface Answer {
  readonly verdict: Verdict;
  readonly reason: string;
}

function ours(rule: string, value: string): Answer {
  let compiled: ReturnType<RuleCompiler["compile"]>;
  try {
    compiled = compiler.compile(rule);
  } catch (error) {
    return { verdict: "refused", reason: (error as Error).message };
  }
  try {
    return { verdict: compiled(value, cr) ? "holds" : "does not hold", reason: "" };
  } catch (error) {
    return { verdict: "no answer", reason: (error as Error).message };
  }
}

describeWithRigs(["approver-policy"], "cel-go, as approver-policy runs it", () => {
  it(`says of ${runs} generated rules what we say`, async () => {
    await using real = await startApproverPolicy();
    const random = seeded(seed);
    const requests = values.map((value) => certificateRequest({ subject: [["2.5.4.3", value]] }, cr));
    const seen = { refused: 0, holds: 0, "does not hold": 0, "no answer": 0 };
    const differences: string[] = [];
    for (let run = 0; run < runs; run += 1) {
      const rule = generateRule(random);
      const commonName = { validations: [{ rule }] };
      const conditions = [
        { type: "Ready", status: "True", reason: "x", message: "", lastTransitionTime: null },
      ];
      const policy = {
        ...policyObjectOf({ allowed: { ...allowAll.allowed, commonName } }),
        status: { conditions },
      };
      const { allowed } = await real.validate(policy);
      for (const [index, value] of values.entries()) {
        const request = requests[index] ?? {};
        const { message, decision } = await real.review({ policies: [policy], request, mayUse: ["policy"] });
        const answer: Verdict =
          decision === "approved" ? "holds" : message.includes("failed rule") ? "does not hold" : "no answer";
        const theirs = allowed ? answer : "refused";
        seen[theirs] += 1;
        const { verdict, reason } = ours(rule, value);
        if (theirs === verdict || (verdict === "refused" && stricter.some((known) => known.test(reason))))
          continue;
        if (verdict === "no answer" && stricter.some((known) => known.test(reason))) continue;
        differences.push(`${theirs}, ours ${verdict} (${reason}): ${rule} on ${value}`);
      }
    }
    expect(differences).toEqual([]);
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(runs / 50);
  });
});
