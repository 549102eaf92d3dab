import { describe, expect, test } from "vitest";
import { compileRootSchema } from "../schema/schema.ts";
import { applyJsonPatch } from "./json-patch.ts";
import { applyMergePatch } from "./merge-patch.ts";
import { applyStrategicMergePatch } from "./strategic-merge-patch.ts";

describe("JSON patch", () => {
  const document = { a: { b: [1, 2, 3], "x/y": 1, "~": 2 }, n: null };

  test.each([
    [[{ op: "add", path: "/a/b/1", value: 9 }], { ...document, a: { ...document.a, b: [1, 9, 2, 3] } }],
    [[{ op: "add", path: "/a/b/-", value: 9 }], { ...document, a: { ...document.a, b: [1, 2, 3, 9] } }],
    [[{ op: "remove", path: "/a/b/0" }], { ...document, a: { ...document.a, b: [2, 3] } }],
    [[{ op: "replace", path: "/a/x~1y", value: 5 }], { ...document, a: { ...document.a, "x/y": 5 } }],
    [[{ op: "replace", path: "/new", value: 5 }], { ...document, new: 5 }],
    [
      [
        { op: "test", path: "/n", value: null },
        { op: "remove", path: "/n" },
      ],
      { a: document.a },
    ],
    [[{ op: "move", from: "/a/~0", path: "/m" }], { a: { b: [1, 2, 3], "x/y": 1 }, n: null, m: 2 }],
    [[{ op: "copy", from: "/a/b/2", path: "/c" }], { ...document, c: 3 }],
    [[{ op: "replace", path: "", value: 1 }], 1],
  ])("%j", (operations, expected) => {
    const before = structuredClone(document);
    expect(applyJsonPatch(document, operations)).toEqual(expected);
    expect(document).toEqual(before);
  });

  test.each([
    [[{ op: "remove", path: "/nope" }]],
    [[{ op: "add", path: "/no/where", value: 1 }]],
    [[{ op: "add", path: "/a/b/9", value: 1 }]],
    [[{ op: "test", path: "/a/b/0", value: 2 }]],
    [[{ op: "frobnicate", path: "/a" }]],
    [[{ op: "add", path: "a", value: 1 }]],
    [[{ op: "remove", path: "" }]],
  ])("is refused as a whole: %j", (operations) => {
    expect(() => applyJsonPatch(document, operations)).toThrow("the server rejected our request");
  });
});

/** The cases of RFC 7386, Appendix A. */
test.each([
  [{ a: "b" }, { a: "c" }, { a: "c" }],
  [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
  [{ a: "b" }, { a: null }, {}],
  [{ a: ["b"] }, { a: "c" }, { a: "c" }],
  [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
  [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
  [
    ["a", "b"],
    ["c", "d"],
    ["c", "d"],
  ],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: "b", c: null }, { a: "b" }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
])("merge patch of %j by %j", (target, patch, expected) => {
  expect(applyMergePatch(target, patch)).toEqual(expected);
});

describe("strategic merge patch", () => {
  const text = { type: "string" } as const;
  const schema = compileRootSchema({
    type: "object",
    properties: {
      keyed: {
        type: "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["k"],
        items: { type: "object", properties: { k: text, v: text, w: text } },
      },
      set: { type: "array", items: text, "x-kubernetes-list-type": "set" },
      list: { type: "array", items: text },
      map: { type: "object", additionalProperties: text },
    },
  });

  test.each([
    [
      "merges items by their key",
      { keyed: [{ k: "a", v: "1", w: "1" }] },
      { keyed: [{ k: "a", v: "2" }] },
      { keyed: [{ k: "a", v: "2", w: "1" }] },
    ],
    [
      "puts new items first",
      { keyed: [{ k: "a" }, { k: "b" }] },
      { keyed: [{ k: "c" }] },
      { keyed: [{ k: "c" }, { k: "a" }, { k: "b" }] },
    ],
    [
      "deletes items",
      { keyed: [{ k: "a" }, { k: "b" }] },
      { keyed: [{ k: "a", $patch: "delete" }] },
      { keyed: [{ k: "b" }] },
    ],
    [
      "replaces lists on demand",
      { keyed: [{ k: "a" }] },
      { keyed: [{ $patch: "replace" }, { k: "z" }] },
      { keyed: [{ k: "z" }] },
    ],
    ["unites sets", { set: ["a", "b"] }, { set: ["b", "c"] }, { set: ["a", "b", "c"] }],
    [
      "takes members out of sets",
      { set: ["a", "b"] },
      { "$deleteFromPrimitiveList/set": ["a"] },
      { set: ["b"] },
    ],
    ["replaces plain lists", { list: ["a"] }, { list: ["b"] }, { list: ["b"] }],
    [
      "replaces maps on demand",
      { map: { a: "1" } },
      { map: { $patch: "replace", b: "2" } },
      { map: { b: "2" } },
    ],
    ["deletes by null", { map: { a: "1" }, list: ["a"] }, { map: { a: null }, list: null }, { map: {} }],
    [
      "ignores element orders",
      { list: ["a"] },
      { "$setElementOrder/list": ["a"], list: ["b"] },
      { list: ["b"] },
    ],
  ])("%s", (_name, target, patch, expected) => {
    expect(applyStrategicMergePatch(target, patch, schema)).toEqual(expected);
  });
});
