import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseBoundedJson } from "./bounded-json.ts";

const bytes = (text: string) => Buffer.from(text);
const nested = (depth: number, open = "[", close = "]") => open.repeat(depth) + close.repeat(depth);

describe("parseBoundedJson", () => {
  test("parses as JSON.parse does, within the depth and without the key __proto__", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 20 }), (text) => {
        const expected: unknown = JSON.parse(text, (key, value) => (key === "__proto__" ? undefined : value));
        expect(parseBoundedJson(bytes(text))).toEqual(expected);
      }),
    );
  });

  test("counts arrays and objects, and no bracket inside a string", () => {
    expect(() => parseBoundedJson(bytes(nested(64)))).not.toThrow();
    expect(() => parseBoundedJson(bytes(nested(65)))).toThrow("nested deeper than 64");
    expect(() => parseBoundedJson(bytes(nested(65, '{"a":[', "]}")))).toThrow("nested deeper");
    expect(parseBoundedJson(bytes(`["${"[".repeat(500)}\\"${"{".repeat(500)}"]`))).toHaveLength(1);
    expect(parseBoundedJson(bytes("[[],[],[[]]]"), { maxDepth: 3 })).toEqual([[], [], [[]]]);
    expect(() => parseBoundedJson(bytes("[[],[],[[]]]"), { maxDepth: 2 })).toThrow("nested deeper than 2");
  });

  test("S8: a MiB of brackets, closed or not, ends at once", () => {
    for (const text of [
      nested(500_000),
      "[".repeat(1_000_000),
      '{"a":'.repeat(200_000),
      "[]".repeat(500_000),
    ]) {
      const start = process.cpuUsage().user;
      expect(() => parseBoundedJson(bytes(text))).toThrow(SyntaxError);
      expect((process.cpuUsage().user - start) / 1000).toBeLessThan(200);
    }
  });

  test.each([
    ['{"__proto__":{"isAdmin":true},"a":1}'],
    ['{"\\u005f_proto__":{"isAdmin":true},"a":1}'],
    ['{"__pr\\u006fto__":{"isAdmin":true},"a":1}'],
    ['{"__proto__":null,"__proto__":[1],"a":1}'],
  ])("S10: %s pollutes nothing, not even what it is assigned to", (text) => {
    const value = parseBoundedJson(bytes(text)) as object;
    expect(Object.keys(value)).toEqual(["a"]);
    expect(Object.getPrototypeOf(Object.assign({}, value))).toBe(Object.prototype);
    expect({}).not.toHaveProperty("isAdmin");
  });

  test("S10: finds the key at every depth, and keeps constructor as data", () => {
    const value = parseBoundedJson(
      bytes('[{"x":[{"__proto__":{"isAdmin":1},"constructor":{"prototype":{"isAdmin":1}}}]}]'),
    );
    expect(JSON.stringify(value)).toBe('[{"x":[{"constructor":{"prototype":{"isAdmin":1}}}]}]');
    expect({}).not.toHaveProperty("isAdmin");
  });

  test.each([
    ["not JSON", bytes("<html>hunter2</html>"), "not JSON"],
    ["cut", bytes('{"a":"hunter2'), "not JSON"],
    ["two values", bytes('{"a":1}{"hunter2":1}'), "not JSON"],
    ["empty", bytes(""), "not JSON"],
    ["Latin-1", Buffer.from('{"hunter2":"\xe9"}', "latin1"), "not UTF-8"],
    ["an overlong form", Buffer.from([0x22, 0xc0, 0xaf, 0x22]), "not UTF-8"],
    ["a surrogate", Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), "not UTF-8"],
    ["UTF-16", Buffer.from('"hunter2"', "utf16le"), "not JSON"],
  ])("says of %s what it is not, and shows nothing of it", (_, body, words) => {
    expect(() => parseBoundedJson(body)).toThrow(SyntaxError);
    expect(() => parseBoundedJson(body)).toThrow(words);
    expect(() => parseBoundedJson(body)).not.toThrow("hunter2");
  });

  test("takes a byte order mark, as Windows servers send", () => {
    expect(parseBoundedJson(bytes('\ufeff{"a":1}'))).toEqual({ a: 1 });
  });
});
