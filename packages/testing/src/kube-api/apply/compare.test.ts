import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileRootSchema } from "../schema/schema.ts";
import { compare } from "./compare.ts";
import { paths } from "./field-set.ts";

const text = { type: "string" } as const;
const schema = compileRootSchema({
  type: "object",
  properties: {
    spec: {
      type: "object",
      properties: {
        a: text,
        set: { type: "array", items: text, "x-kubernetes-list-type": "set" },
        keyed: {
          type: "array",
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["k"],
          items: { type: "object", properties: { k: text, v: text } },
        },
        free: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
      },
    },
  },
});

const leaf = fc.constantFrom("1", "2", "");
const keyed = fc.array(fc.record({ k: leaf, v: leaf }, { requiredKeys: ["k"] }), { maxLength: 3 });
const spec = fc.record(
  {
    a: leaf,
    set: fc.array(leaf, { maxLength: 3 }),
    keyed,
    free: fc.dictionary(leaf, fc.jsonValue({ maxDepth: 2 })),
  },
  { requiredKeys: [] },
);

describe("compare", () => {
  test("finds nothing between an object and its copy", () => {
    fc.assert(
      fc.property(spec, (given) => {
        expect(compare({ spec: given }, { spec: structuredClone(given) }, schema)).toEqual({
          added: {},
          modified: {},
          removed: {},
        });
      }),
    );
  });

  test("sees in one direction added what it sees removed in the other", () => {
    fc.assert(
      fc.property(spec, spec, (left, right) => {
        const there = compare({ spec: left }, { spec: right }, schema);
        const back = compare({ spec: right }, { spec: left }, schema);
        expect(paths(there.added)).toEqual(paths(back.removed));
        expect(paths(there.modified)).toEqual(paths(back.modified));
      }),
    );
  });

  test("puts no path into two of its sets while keys are unique", () => {
    fc.assert(
      fc.property(spec, spec, (left, right) => {
        const { added, modified, removed } = compare({ spec: unique(left) }, { spec: unique(right) }, schema);
        const all = [added, modified, removed].flatMap((set) => paths(set));
        expect(new Set(all).size).toBe(all.length);
      }),
    );
  });

  test("marks a key that occurs twice as a whole", () => {
    const once = { spec: { keyed: [{ k: "x", v: "1" }] } };
    const twice = {
      spec: {
        keyed: [
          { k: "x", v: "1" },
          { k: "x", v: "2" },
        ],
      },
    };
    expect(paths(compare(once, twice, schema).added)).toEqual(['.spec.keyed[k="x"]']);
    expect(paths(compare(once, twice, schema).removed)).toContain('.spec.keyed[k="x"].v');
  });
});

function unique(given: {
  readonly keyed?: readonly { readonly k: string }[];
  readonly set?: readonly string[];
}) {
  const { keyed = [], set = [], ...rest } = given;
  return {
    ...rest,
    set: [...new Set(set)],
    keyed: keyed.filter((item, index) => keyed.findIndex(({ k }) => k === item.k) === index),
  };
}
