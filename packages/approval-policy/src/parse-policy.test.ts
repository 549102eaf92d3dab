import { describe, expect, it } from "vitest";
import { additionsAnnotation } from "./additions.ts";
import { evaluate } from "./evaluate.ts";
import { InvalidPolicyError, type PolicyProblem, parsePolicy } from "./parse-policy.ts";
import { policyObjectOf, policyOf, subjectWith } from "./request-fixture.ts";

function problemsOf(object: unknown): readonly PolicyProblem[] {
  try {
    parsePolicy(object);
  } catch (error) {
    if (error instanceof InvalidPolicyError) return error.problems;
    throw error;
  }
  return [];
}

const at = (additions: string) => policyObjectOf({}, "p", { [additionsAnnotation]: additions });
const inAdditions = (path: string) => `metadata.annotations[${additionsAnnotation}]${path}`;

describe("a policy with", () => {
  it.each([
    ["no selector", policyObjectOf({ selector: {} }), "spec.selector", /must have issuerRef or namespace/],
    ["a misspelt field", policyObjectOf({ allowed: { dnsName: {} } }), "spec.allowed", /dnsName/],
    [
      "a text for a list",
      policyObjectOf({ allowed: { uris: { values: "*" } } }),
      "spec.allowed.uris.values",
      /array/,
    ],
    [
      "a usage that is none",
      policyObjectOf({ allowed: { usages: ["*"] } }),
      "spec.allowed.usages[0]",
      /server auth/,
    ],
    [
      "a duration that is none",
      policyObjectOf({ constraints: { maxDuration: "90d" } }),
      "spec.constraints.maxDuration",
      /Go duration/,
    ],
    [
      "a fraction of bits",
      policyObjectOf({ constraints: { privateKey: { minSize: 1.5 } } }),
      "spec.constraints.privateKey.minSize",
      /integer/,
    ],
    [
      "an OID of one arc",
      policyObjectOf({ allowed: { otherNames: [{ oid: "1" }] } }),
      "spec.allowed.otherNames[0].oid",
      /dotted OID/,
    ],
    [
      "an OID twice",
      policyObjectOf({ allowed: { otherNames: [{ oid: "1.2" }, { oid: "1.2" }] } }),
      "spec.allowed.otherNames",
      /twice/,
    ],
    [
      "a rule twice",
      policyObjectOf({ allowed: { uris: { validations: [{ rule: "true" }, { rule: "true" }] } } }),
      "spec.allowed.uris.validations",
      /twice/,
    ],
    [
      "a rule that is none",
      policyObjectOf({
        allowed: { subject: { otherAttributes: [{ oid: "1.2", validations: [{ rule: "cr.x" }] }] } },
      }),
      "spec.allowed.subject.otherAttributes[0].validations[0].rule",
      /cr has no field x/,
    ],
    ["another kind", { ...policyObjectOf({}), kind: "Policy" }, "kind", /CertificateRequestPolicy/],
    ["no name", { ...policyObjectOf({}), metadata: {} }, "metadata.name", /string/],
    ["additions that are no JSON", at("dryRun: true"), inAdditions(""), /JSON/],
    ["a misspelt addition", at('{"dryrun":true}'), inAdditions(""), /dryrun/],
    [
      "a window across midnight",
      at('{"timeWindows":[{"from":"22:00","to":"06:00","timeZone":"UTC"}]}'),
      inAdditions(".timeWindows[0].to"),
      /after from/,
    ],
    [
      "a zone that is none",
      at('{"timeWindows":[{"from":"01:00","to":"06:00","timeZone":"Moon"}]}'),
      inAdditions(".timeWindows[0].timeZone"),
      /Europe/,
    ],
    [
      "an endless quota",
      at('{"quotas":[{"per":"policy","limit":1,"window":"0s"}]}'),
      inAdditions(".quotas[0].window"),
      /above 0/,
    ],
    [
      "nobody to ask",
      at('{"people":[{"names":["*"],"approvers":[]}]}'),
      inAdditions(".people[0].approvers"),
      /approver/,
    ],
  ])("%s is refused with path and expectation", (_what, object, path, expected) => {
    expect(problemsOf(object)).toEqual([{ path, expected: expect.stringMatching(expected) }]);
  });

  it.each([undefined, null, 1, "x", []])("%j instead of an object is refused", (object) => {
    expect(problemsOf(object).length).toBeGreaterThan(0);
  });

  it("null for a field is one that leaves it out", () => {
    const { spec } = policyOf({
      selector: { issuerRef: {}, namespace: null },
      allowed: { uris: { values: null } },
    });
    expect(spec).toEqual({ selector: { issuerRef: {} }, allowed: { uris: {} } });
    expect(problemsOf(policyObjectOf({ allowed: { uris: { values: [null] } } }))).toHaveLength(1);
  });

  it("more than one mistake names all, in a message of one line", () => {
    const object = policyObjectOf({ allowed: { isCA: "no", usages: [1], uris: 2, dnsNames: 3 } });
    expect(problemsOf(object).map(({ path }) => path)).toEqual(
      ["dnsNames", "uris", "isCA", "usages[0]"].map((field) => `spec.allowed.${field}`),
    );
    expect(() => parsePolicy(object)).toThrow(
      /^the policy "policy" cannot be used: .* and 1 more; correct it$/,
    );
  });
});

describe("a plugin", () => {
  const policy = policyOf({ plugins: { rego: { values: { bundle: "b" } } } });
  const subject = subjectWith({});
  it("is asked with its values, and denies with its line", () => {
    const asked: unknown[] = [];
    const plugins = {
      rego: (question: { readonly policy: string; readonly values: object }) => {
        asked.push([question.policy, question.values]);
        return undefined;
      },
    };
    expect(evaluate([policy], subject, { plugins }).decision).toBe("approved");
    expect(asked).toEqual([["policy", { bundle: "b" }]]);
    expect(evaluate([policy], subject, { plugins: { rego: () => "not today" } })).toMatchObject({
      decision: "denied",
      message: expect.stringContaining('spec.plugins.rego: wanted what the plugin allows, got "not today"'),
    });
  });

  it("denies where it is missing or throws", () => {
    const broken = {
      rego: () => {
        throw new Error("bundle is away");
      },
    };
    expect(evaluate([policy], subject).decision).toBe("denied");
    expect(evaluate([policy], subject, { plugins: broken }).message).toContain("bundle is away");
  });
});
