import { describe, expect, it } from "vitest";
import { additionsAnnotation } from "./additions.ts";
import { type EvaluateOptions, evaluate } from "./evaluate.ts";
import { explain } from "./explain.ts";
import { dnsName, policyOf, subjectWith } from "./request-fixture.ts";

const subject = subjectWith({ sans: [dnsName("pay.bank.example"), dnsName("a.x")] }, { username: "carol" });
const spec = { allowed: { dnsNames: { values: ["*"] } } };

function withAdditions(additions: object, name?: string) {
  return policyOf(spec, name, { [additionsAnnotation]: JSON.stringify(additions) });
}

function decide(additions: object, options?: EvaluateOptions) {
  return evaluate([withAdditions(additions)], subject, options);
}

describe("a dry run", () => {
  it("is told and does not count, whether it approves or denies", () => {
    expect(decide({ dryRun: true })).toMatchObject({
      decision: "unprocessed",
      message: "Waiting: none of 1 policies speaks of this request: [policy: approves, as a dry run]",
      policies: [{ verdict: "approves", dryRun: true }],
    });
    const denying = policyOf({}, "a", { [additionsAnnotation]: '{"dryRun":true}' });
    expect(evaluate([denying, policyOf(spec, "b")], subject)).toMatchObject({
      decision: "approved",
      policies: [{ policy: "a", verdict: "denies", dryRun: true }, { policy: "b" }],
    });
  });
});

describe("a quota", () => {
  const quotas = [{ per: "namespace", limit: 2, window: "24h" }];
  it("is asked for its count in its window, and denies at the limit", () => {
    const asked: unknown[] = [];
    const approvedSince = (count: number) => (question: unknown) => {
      asked.push(question);
      return count;
    };
    expect(decide({ quotas }, { approvedSince: approvedSince(1) }).decision).toBe("approved");
    expect(asked).toEqual([{ policy: "policy", per: "namespace", of: "shop", windowMs: 86_400_000 }]);
    expect(decide({ quotas }, { approvedSince: approvedSince(2) })).toMatchObject({
      decision: "denied",
      message:
        'No policy approved this request: [policy: additions.quotas[0]: wanted fewer than 2 approved requests of the namespace in 24h, got "2"]',
    });
  });

  it("counts by requester and by policy as well", () => {
    const of: string[] = [];
    const both = [
      { per: "requester", limit: 1, window: "1h" },
      { per: "policy", limit: 1, window: "1h" },
    ];
    decide({ quotas: both }, { approvedSince: (question) => of.push(question.of) - of.length });
    expect(of).toEqual(["carol", "policy"]);
  });

  it("denies where nobody counts", () => {
    expect(decide({ quotas }).decision).toBe("denied");
  });
});

describe("a time window", () => {
  const timeWindows = [{ days: ["Mon", "Tue"], from: "09:00", to: "17:00", timeZone: "Europe/Berlin" }];
  it.each([
    ["2026-01-05T08:00:00Z", "approved"],
    ["2026-01-05T07:59:59Z", "denied"],
    ["2026-01-05T15:59:59Z", "approved"],
    ["2026-01-05T16:00:00Z", "denied"],
    ["2026-07-06T07:00:00Z", "approved"],
    ["2026-01-07T10:00:00Z", "denied"],
  ])("at %s: %s", (now, decision) => {
    expect(decide({ timeWindows }, { now: new Date(now) }).decision).toBe(decision);
  });

  it("up to 24:00 has the last minute of the day", () => {
    const night = [{ from: "22:00", to: "24:00", timeZone: "UTC" }];
    expect(decide({ timeWindows: night }, { now: new Date("2026-01-05T23:59:59Z") }).decision).toBe(
      "approved",
    );
    expect(decide({ timeWindows: night }, { now: new Date("2026-01-05T00:00:00Z") }).decision).toBe("denied");
  });

  it("is closed where nobody knows the time", () => {
    expect(decide({ timeWindows }).decision).toBe("denied");
  });
});

describe("names that need people", () => {
  const people = [{ names: ["*.BANK.example"], count: 2, approvers: ["group:security", "alice"] }];
  const alice = { username: "alice", groups: [] };
  const bob = { username: "bob", groups: ["security"] };

  it("send the request to them, and say who and how many", () => {
    expect(decide({ people })).toMatchObject({
      decision: "needs-people",
      policy: "policy",
      message:
        "policy sends this to people: 2 of group:security, alice must approve, because of pay.bank.example",
      policies: [
        {
          verdict: "needs-people",
          people: [
            { names: ["pay.bank.example"], count: 2, given: [], approvers: ["group:security", "alice"] },
          ],
        },
      ],
    });
  });

  it("are approved once enough different people have, never by the requester", () => {
    expect(decide({ people }, { approvals: [alice] }).message).toContain("(alice did)");
    expect(decide({ people }, { approvals: [alice, alice] }).decision).toBe("needs-people");
    expect(decide({ people }, { approvals: [alice, { username: "mallory", groups: [] }] }).decision).toBe(
      "needs-people",
    );
    expect(
      decide({ people }, { approvals: [alice, { username: "carol", groups: ["security"] }] }).decision,
    ).toBe("needs-people");
    const named = { username: "group:security", groups: [] };
    expect(decide({ people }, { approvals: [alice, named] }).decision).toBe("needs-people");
    expect(decide({ people }, { approvals: [alice, bob] }).decision).toBe("approved");
  });

  it("concern nobody else, and no request that is denied anyway", () => {
    expect(decide({ people: [{ names: ["*.other"], approvers: ["alice"] }] }).decision).toBe("approved");
    const denying = policyOf({}, "p", { [additionsAnnotation]: JSON.stringify({ people }) });
    expect(evaluate([denying], subject).decision).toBe("denied");
  });

  it("stay with people unless another policy approves", () => {
    expect(evaluate([withAdditions({ people }, "a"), policyOf({}, "b")], subject).decision).toBe(
      "needs-people",
    );
    expect(evaluate([withAdditions({ people }, "a"), policyOf(spec, "b")], subject).decision).toBe(
      "approved",
    );
  });
});

it("an explanation has every policy and every reason", () => {
  const elsewhere = policyOf({ selector: { namespace: { matchNames: ["prod"] } } }, "c");
  const policies = [policyOf({}, "a"), withAdditions({ dryRun: true }, "b"), elsewhere];
  expect(explain(evaluate(policies, subject))).toBe(`denied: No policy approved this request
  a: denies
    spec.allowed.dnsNames: wanted none, got "pay.bank.example", "a.x"
  b: approves (dry run: does not count)
  c: not-selected
    spec.selector.namespace.matchNames: wanted one of "prod", got "shop"
`);
});
