import { expect, test } from "vitest";
import { duplicateFields } from "./duplicate-fields.ts";

const find = (text: string) => duplicateFields(text, JSON.parse(text));

test("finds members given twice, with their paths", () => {
  expect(find('{"a":1,"a":2}')).toEqual(["a"]);
  expect(find('{"a":{"b":[{"c":1},{"d" : 1, "d":2, "d":3}]}}')).toEqual(["a.b[1].d"]);
  expect(find('{"a":{"x":1},"b":1,"a":{"x":1}}')).toEqual(["a"]);
});

test("takes equal names in different objects and colons in texts for what they are", () => {
  expect(find('{"a":{"a":"\\"a\\":1"},"b":["a",":","a:"]}')).toEqual([]);
  expect(find('[{"a":1},{"a":1}]')).toEqual([]);
  expect(find("3")).toEqual([]);
});
