import { expect, test } from "vitest";
import { parseJson, parseYamlOrJson } from "./parse-json.ts";

const fail = (why: string) => new Error(why);

test("JSON with a member that would set a prototype loses it, at any depth", () => {
  const parsed = parseJson('{"a":{"__proto__":{"polluted":true},"b":1}}', fail) as { a: object };
  expect(parsed).toEqual({ a: { b: 1 } });
  expect(Object.getPrototypeOf(parsed.a)).toBe(Object.prototype);
});

test("YAML is read where JSON is not", () => {
  expect(parseYamlOrJson('{"a": 1}', fail)).toEqual({ a: 1 });
  expect(parseYamlOrJson("a: [1, b]", fail)).toEqual({ a: [1, "b"] });
  expect(() => parseYamlOrJson("a: [", fail)).toThrow("yaml: line 1: did not find expected node content");
});
