import { describe, expect, test } from "vitest";
import { fieldTest, parseFieldSelector } from "./field-selector.ts";
import { parseLabelSelector } from "./label-selector.ts";

describe("label selectors", () => {
  const labels = { app: "web", tier: "2", empty: "" };

  test.each([
    ["app=web", true],
    ["app==web,tier=2", true],
    ["app!=web", false],
    ["other!=x", true],
    ["app", true],
    ["!app", false],
    ["!other", true],
    ["app in (web,db)", true],
    ["app notin (web)", false],
    ["other notin (a)", true],
    ["empty=", true],
    ["empty in (,x)", true],
    ["tier>1", true],
    ["tier<2", false],
    ["app=web,tier in (1, 3)", false],
    ["in=x", false],
  ])("%s: %s", (selector, expected) => {
    expect(parseLabelSelector(selector)?.(labels)).toBe(expected);
  });

  test("select everything when empty", () => {
    expect(parseLabelSelector("")).toBeUndefined();
    expect(parseLabelSelector("  ")).toBeUndefined();
  });

  test.each([
    ["=x", "found '=', expected: !, identifier, or 'end of string'"],
    ["a in x", "unable to parse requirement: found 'x' expected: '('"],
    ["a=b c", "found 'c', expected: ',' or 'end of string'"],
    ["a=b,", "found '', expected: identifier after ','"],
    ["a===b", "unable to parse requirement: found '=', expected: identifier"],
    ["a in (b", "unable to parse requirement: found '', expected: ',' or ')'"],
    ["a ! b", "unable to parse requirement: found '!', expected: in, notin, =, ==, !=, gt, lt"],
  ])("are refused: %s", (selector, message) => {
    expect(() => parseLabelSelector(selector)).toThrow(message);
  });
});

describe("field selectors", () => {
  const object = { apiVersion: "v1", kind: "X", metadata: { name: "a,b" } };
  const readers = new Map([["metadata.name", () => "a,b"]]);
  const unknown = (field: string) => `field label not supported: ${field}`;

  test("compare fields, with escapes in values", () => {
    const test = (text: string) => fieldTest(parseFieldSelector(text), readers, unknown)?.(object);
    expect(test("metadata.name=a\\,b")).toBe(true);
    expect(test("metadata.name!=a\\,b")).toBe(false);
    expect(test("metadata.name==x")).toBe(false);
  });

  test("refuse what is no term and what is no field", () => {
    expect(() => parseFieldSelector("metadata.name")).toThrow("can't understand 'metadata.name'");
    expect(() => fieldTest(parseFieldSelector("spec.x=1"), readers, unknown)).toThrow(
      "field label not supported: spec.x",
    );
  });
});
