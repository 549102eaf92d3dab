import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  difference,
  EMPTY,
  type FieldSet,
  intersection,
  isEmptySet,
  makeNode,
  paths,
  recursiveDifference,
  union,
} from "./field-set.ts";

const element = fc.constantFrom("f:a", "f:b", 'k:{"t":"x"}', 'v:"s"');
const path = fc.array(element, { minLength: 1, maxLength: 3 });
const pathList = fc.array(path, { maxLength: 6 });

function setOf(list: readonly (readonly string[])[]): FieldSet {
  return list.reduce((set: FieldSet, elements) => union(set, single(elements)), EMPTY);
}

function single([first = "", ...rest]: readonly string[]): FieldSet {
  return { [first]: rest.length === 0 ? EMPTY : (makeNode(false, single(rest)) ?? EMPTY) };
}

/** The model: a set of paths as texts. */
function members(set: FieldSet): Set<string> {
  return new Set(paths(set));
}

describe("field sets", () => {
  test("hold exactly the paths that were put in", () => {
    fc.assert(
      fc.property(pathList, (list) => {
        const wanted = new Set(list.flatMap((elements) => paths(single(elements))));
        expect(members(setOf(list))).toEqual(wanted);
      }),
    );
  });

  test("unite, intersect and subtract as sets of paths do", () => {
    fc.assert(
      fc.property(pathList, pathList, (left, right) => {
        const [a, b] = [setOf(left), setOf(right)];
        expect(members(union(a, b))).toEqual(new Set([...members(a), ...members(b)]));
        expect(members(intersection(a, b))).toEqual(
          new Set([...members(a)].filter((own) => members(b).has(own))),
        );
        expect(members(difference(a, b))).toEqual(
          new Set([...members(a)].filter((own) => !members(b).has(own))),
        );
      }),
    );
  });

  test("subtract recursively whatever is at or below a path", () => {
    fc.assert(
      fc.property(pathList, pathList, (left, right) => {
        const gone = [...members(setOf(right))];
        const kept = [...members(setOf(left))].filter(
          (own) =>
            !gone.some(
              (other) => own === other || own.startsWith(`${other}.`) || own.startsWith(`${other}[`),
            ),
        );
        expect(members(recursiveDifference(setOf(left), setOf(right)))).toEqual(new Set(kept));
      }),
    );
  });

  test("leave no empty nodes behind", () => {
    fc.assert(
      fc.property(pathList, (list) => {
        expect(isEmptySet(difference(setOf(list), setOf(list)))).toBe(true);
      }),
    );
  });

  test("print paths level by level, members first, as the server's conflicts do", () => {
    const set = setOf([
      ["f:status", "f:conditions", 'k:{"type":"Ready"}', "f:status"],
      ["f:status", "f:phase"],
      ["f:spec", "f:tags", 'v:"a"'],
    ]);
    expect(paths(set)).toEqual([
      '.spec.tags[="a"]',
      ".status.phase",
      '.status.conditions[type="Ready"].status',
    ]);
  });
});
