import { describe, expect, it } from "vitest";
import { evaluate } from "./evaluate.ts";
import { dnsName, policyOf, subjectWith } from "./request-fixture.ts";

describe("policies together", () => {
  const subject = subjectWith({ sans: [dnsName("a.x")] });
  const no = policyOf({}, "no");
  const yes = policyOf({ allowed: { dnsNames: { values: ["*.x"] } } }, "yes");

  it("approve where one does", () => {
    expect(evaluate([no, yes], subject)).toMatchObject({
      decision: "approved",
      policy: "yes",
      message: 'Approved by CertificateRequestPolicy: "yes"',
    });
  });

  it("deny with every reason, sorted by name", () => {
    const { decision, message } = evaluate([policyOf({}, "z"), no], subject);
    expect(decision).toBe("denied");
    expect(message).toBe(
      'No policy approved this request: [no: spec.allowed.dnsNames: wanted none, got "a.x"] [z: spec.allowed.dnsNames: wanted none, got "a.x"]',
    );
  });

  it("leave a request unprocessed where none exists, none is bound, none is ready", () => {
    expect(evaluate([], subject).decision).toBe("unprocessed");
    const unbound = evaluate([yes], subject, { mayUse: () => false });
    expect(unbound.decision).toBe("unprocessed");
    expect(unbound.message).toContain("the verb use on certificaterequestpolicies/yes in namespace shop");
    expect(evaluate([yes], subject, { readiness: () => "not-ready" }).decision).toBe("unprocessed");
  });

  it("do not deny while one that matches is not ready yet", () => {
    const readiness = ({ name }: { readonly name: string }) => (name === "no" ? "ready" : "unknown");
    expect(evaluate([no, yes], subject, { readiness }).decision).toBe("unprocessed");
    expect(evaluate([no, yes], subject, { readiness, mayUse: ({ name }) => name === "no" }).decision).toBe(
      "denied",
    );
  });

  it("deny by default where that is asked for, and say what each policy speaks of", () => {
    const elsewhere = policyOf({ selector: { namespace: { matchNames: ["prod-*"] } } }, "prod");
    expect(evaluate([elsewhere], subject, { unmatched: "deny" })).toMatchObject({
      decision: "denied",
      message:
        'Denied by default: none of 1 policies speaks of this request: [prod: spec.selector.namespace.matchNames: wanted one of "prod-*", got "shop"]',
    });
  });
});

describe("a selector", () => {
  const labels = { env: "prod", team: "a" };
  const cases: readonly (readonly [name: string, selector: object, selected: boolean])[] = [
    ["issuerRef {} matches everything", { issuerRef: {} }, true],
    ["namespace {} matches everything", { namespace: {} }, true],
    ["issuerRef.name with a wildcard", { issuerRef: { name: "ac*" } }, true],
    ["issuerRef.name of another issuer", { issuerRef: { name: "other" } }, false],
    ["issuerRef.kind", { issuerRef: { kind: "*Issuer" } }, true],
    ["issuerRef.kind of another", { issuerRef: { kind: "Issuer" } }, false],
    ["issuerRef.group", { issuerRef: { group: "*.example.com" } }, true],
    ["issuerRef.group of another", { issuerRef: { group: "cert-manager.io" } }, false],
    ["namespace.matchNames, one of which matches", { namespace: { matchNames: ["x", "sh*p"] } }, true],
    ["namespace.matchNames, none of which matches", { namespace: { matchNames: ["x"] } }, false],
    ["namespace.matchLabels, all of which hold", { namespace: { matchLabels: labels } }, true],
    [
      "namespace.matchLabels, one of which does not",
      { namespace: { matchLabels: { ...labels, env: "dev" } } },
      false,
    ],
    ["both, of which one holds", { namespace: { matchNames: ["shop"], matchLabels: { env: "dev" } } }, false],
    [
      "issuerRef and namespace, of which one holds",
      { issuerRef: {}, namespace: { matchNames: ["x"] } },
      false,
    ],
  ];
  it.each(cases)("%s", (_name, selector, selected) => {
    const { policies } = evaluate([policyOf({ selector })], subjectWith({}), { namespaceLabels: labels });
    expect(policies[0]?.verdict).toBe(selected ? "approves" : "not-selected");
  });

  it("sees cert-manager's defaults for an empty kind and group", () => {
    const selector = { issuerRef: { kind: "Issuer", group: "cert-manager.io" } };
    const subject = subjectWith({}, { issuerRef: { name: "ca" } });
    expect(evaluate([policyOf({ selector })], subject).decision).toBe("approved");
  });
});

it("the rules of a policy are bounded over all names of a request together", () => {
  const names = Array.from({ length: 1000 }, (_, index) => dnsName(`a${index}.x`));
  // About 9,000 units for each name: no evaluation reaches its own limit.
  const tens = `[${Array.from({ length: 10 }, () => "'a'").join(",")}]`;
  const rule = `${tens}.all(a, ${tens}.all(b, ${tens}.all(c, a == b && b == c)))`;
  const policy = policyOf({ allowed: { dnsNames: { validations: [{ rule }] } } });
  const before = process.cpuUsage();
  const { decision, policies } = evaluate([policy], subjectWith({ sans: names }));
  const { user, system } = process.cpuUsage(before);
  expect(decision).toBe("denied");
  expect(policies[0]?.violations.at(-1)?.message).toContain("costs more than the 0 units left");
  expect(policies[0]?.violations.length).toBeLessThan(1000);
  expect((user + system) / 1000).toBeLessThan(3000);
});
