import { describe, expect, test } from "vitest";
import type { Condition, IssuerObject } from "../kube/types.ts";
import { condition, issuerWith, readyIssuer } from "../request/request-fixtures.ts";
import { needsLook, readyChanged } from "../run/serve-issuers.ts";

type Row = readonly [name: string, before: IssuerObject | undefined, after: IssuerObject, passes: boolean];

const ready = (status: Condition["status"], more: Partial<Condition> = {}) =>
  issuerWith([{ ...condition("Ready", status), observedGeneration: 2, ...more }]);

const linked: readonly Row[] = [
  ["nil", undefined, readyIssuer, true],
  // An issuer that was never looked at: nothing of it is news to its requests, which wait already.
  ["ready-status-nil", issuerWith([]), issuerWith([]), false],
  ["ready-condition-added", issuerWith([]), readyIssuer, true],
  ["ready-condition-identical", ready("True"), ready("True", { reason: "Other", message: "other" }), false],
  [
    "ready-condition-identical-new-observed-generation",
    ready("True"),
    ready("True", { observedGeneration: 3 }),
    true,
  ],
  ["ready-condition-changed", ready("Unknown"), ready("True"), true],
  [
    "random-condition-changed",
    issuerWith([condition("Other", "False")]),
    issuerWith([condition("Other", "True")]),
    false,
  ],
];

describe("issuer-lib: the predicate of linked issuers", () => {
  test.each(linked)("%s", (_, before, after, passes) => {
    expect(readyChanged(after, before)).toBe(passes);
  });
});

const changed = (metadata: Partial<IssuerObject["metadata"]>): IssuerObject => ({
  ...readyIssuer,
  metadata: { ...readyIssuer.metadata, ...metadata },
});

const own: readonly Row[] = [
  ["nil", undefined, readyIssuer, true],
  // Another object of the same name, which is the nearest that a typed store comes to another type.
  ["wrong-type", readyIssuer, changed({ uid: "uid-j" }), true],
  ["changed-generations", readyIssuer, changed({ generation: 3 }), true],
  ["changed-annotations", readyIssuer, changed({ annotations: { "example.com/a": "1" } }), true],
  // Ready is ours alone, and is written once the issuer was looked at: there is no Initializing to go on from.
  ["ready-condition-added", issuerWith([]), readyIssuer, false],
  ["identical-generations", ready("True"), ready("False"), false],
];

describe("issuer-lib: the predicate of issuers", () => {
  test.each(own)("%s", (_, before, after, passes) => {
    expect(needsLook(after, before)).toBe(passes);
  });
});
