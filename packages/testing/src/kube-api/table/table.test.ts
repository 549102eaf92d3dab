import { expect, test } from "vitest";
import { humanDuration } from "./human-duration.ts";
import { compileJsonPath } from "./json-path.ts";

const object = {
  spec: { a: { b: 1 }, "dotted.name": 2, list: [{ n: 1 }, { n: 2 }] },
  status: {
    conditions: [
      { type: "Ready", status: "True" },
      { type: "Approved", status: "False" },
    ],
  },
};

test.each([
  [".spec.a.b", [1]],
  [".spec['dotted.name']", [2]],
  [".spec.dotted\\.name", [2]],
  [".spec.list[0].n", [1]],
  [".spec.list[-1].n", [2]],
  [".spec.list[*].n", [1, 2]],
  ['.status.conditions[?(@.type=="Ready")].status', ["True"]],
  [".status.conditions[?(@.type=='Approved')].status", ["False"]],
  ['.status.conditions[?(@.type!="Ready")].type', ["Approved"]],
  [".spec.none.at.all", []],
  ['.status.conditions[?(@.none=="x")].type', []],
])("JSONPath %s", (path, expected) => {
  expect(compileJsonPath(path)?.(object)).toEqual(expected);
});

test.each([".spec[?(@.a>1)]", "spec..a", ".spec[1:2]"])("does not understand %s", (path) => {
  expect(compileJsonPath(path)).toBeUndefined();
});

test.each([
  [-5_000, "<invalid>"],
  [0, "0s"],
  [119_000, "119s"],
  [125_000, "2m5s"],
  [600_000, "10m"],
  [10_800_000, "3h"],
  [11_460_000, "3h11m"],
  [86_400_000, "24h"],
  [172_800_000, "2d"],
  [176_400_000, "2d1h"],
  [864_000_000, "10d"],
  [94_608_000_000, "3y"],
])("%d ms is %s", (milliseconds, expected) => {
  expect(humanDuration(milliseconds)).toBe(expected);
});
