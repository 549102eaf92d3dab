import { describe, expect, test } from "vitest";
import { applyDefaults } from "./default.ts";
import { matchesFormat } from "./format.ts";
import type { JsonSchema } from "./json-schema.ts";
import { prune } from "./prune.ts";
import { compileSchema } from "./schema.ts";
import { validateUniqueLists } from "./unique-lists.ts";
import { validateValue } from "./validate.ts";

const text: JsonSchema = { type: "string" };
const schema = compileSchema({
  type: "object",
  required: ["size"],
  properties: {
    size: { type: "integer", minimum: 1, exclusiveMaximum: true, maximum: 5 },
    name: { ...text, minLength: 2, maxLength: 3, pattern: "(?i)^[a-z]+$" },
    mode: { ...text, default: "fast", enum: ["fast", "slow"] },
    note: { ...text, nullable: true, default: "none" },
    box: { type: "object", default: {}, properties: { depth: { type: "integer", default: 3 } } },
    free: {
      type: "object",
      "x-kubernetes-preserve-unknown-fields": true,
      properties: { known: { type: "object", properties: {} } },
    },
    map: {
      type: "object",
      additionalProperties: { type: "object", properties: { v: { ...text, default: "d" } } },
      maxProperties: 1,
    },
    list: { type: "array", maxItems: 1, items: { type: "object", properties: { v: text } } },
    port: { "x-kubernetes-int-or-string": true, anyOf: [{ type: "integer" }, { type: "string" }] },
    ratio: { type: "number", multipleOf: 0.5 },
    one: {
      type: "object",
      properties: { a: text, b: text },
      oneOf: [{ required: ["a"] }, { required: ["b"] }],
      not: { required: ["c"] },
    },
  },
});

function problems(value: unknown, previous?: unknown): string[] {
  return validateValue(value, schema, "spec", previous).map(({ field, type, detail }) =>
    `${field} ${type} ${detail ?? ""}`.trim(),
  );
}

describe("prune", () => {
  test("drops unknown fields at every depth and names them", () => {
    const { value, dropped } = prune({ x: 1, box: { y: 1 }, list: [{ z: 1 }], map: { k: { q: 1 } } }, schema);
    expect(value).toEqual({ box: {}, list: [{}], map: { k: {} } });
    expect(dropped).toEqual(["x", "box.y", "list[0].z", "map.k.q"]);
  });

  test("keeps unknown fields where the schema says so, but prunes below what it declares", () => {
    expect(prune({ free: { any: { a: 1 }, known: { b: 1 } } }, schema).value).toEqual({
      free: { any: { a: 1 }, known: {} },
    });
  });

  test("drops null where null is not allowed", () => {
    expect(prune({ size: null, note: null }, schema).value).toEqual({ note: null });
  });

  test("returns the very object when there is nothing to drop", () => {
    const given = { size: 1, box: { depth: 2 } };
    expect(prune(given, schema).value).toBe(given);
  });
});

describe("applyDefaults", () => {
  test("fills in absent fields, also inside defaulted and listed objects, and leaves null where allowed", () => {
    expect(applyDefaults({ map: { k: {} }, note: null, mode: null }, schema)).toEqual({
      mode: "fast",
      note: null,
      box: { depth: 3 },
      map: { k: { v: "d" } },
    });
  });

  test("never touches its input", () => {
    const given = Object.freeze({ box: Object.freeze({}) });
    expect(applyDefaults(given, schema)).toMatchObject({ box: { depth: 3 } });
    expect(given).toEqual({ box: {} });
  });
});

describe("validateValue", () => {
  test.each([
    [{ size: 1 }, []],
    [{}, ["spec.size FieldValueRequired"]],
    [{ size: 0 }, ["spec.size FieldValueInvalid spec.size in body should be greater than or equal to 1"]],
    [{ size: 5 }, ["spec.size FieldValueInvalid spec.size in body should be less than 5"]],
    [{ size: 1.5 }, ['spec.size FieldValueTypeInvalid spec.size in body must be of type integer: "number"']],
    [
      { size: 1, name: "a" },
      ["spec.name FieldValueInvalid spec.name in body should be at least 2 chars long"],
    ],
    [{ size: 1, name: "ABCD" }, ["spec.name FieldValueTooLong may not be more than 3 bytes"]],
    [{ size: 1, name: "a1" }, ["spec.name FieldValueInvalid spec.name in body should match '(?i)^[a-z]+$'"]],
    [{ size: 1, mode: "x" }, ['spec.mode FieldValueNotSupported supported values: "fast", "slow"']],
    [{ size: 1, list: [{}, {}] }, ["spec.list FieldValueTooMany must have at most 1 item"]],
    [{ size: 1, map: { a: {}, b: {} } }, ["spec.map FieldValueTooMany must have at most 1 item"]],
    [
      { size: 1, ratio: 0.3 },
      ["spec.ratio FieldValueInvalid spec.ratio in body should be a multiple of 0.5"],
    ],
    [{ size: 1, port: "http" }, []],
    [
      { size: 1, one: {} },
      [
        '<nil> FieldValueInvalid "spec.one" must validate one and only one schema (oneOf). Found none valid',
        "spec.one.a FieldValueRequired",
      ],
    ],
    [
      { size: 1, one: { a: "x", c: "y" } },
      ['<nil> FieldValueInvalid "spec.one" must not validate the schema (not)'],
    ],
  ])("%j", (value, expected) => {
    expect(problems(value)).toEqual(expected);
  });

  test("lets through what already was wrong and has not changed", () => {
    expect(problems({ size: 9, mode: "x" }, { size: 9, mode: "fast" })).toEqual([
      'spec.mode FieldValueNotSupported supported values: "fast", "slow"',
    ]);
  });
});

describe("validateUniqueLists", () => {
  const lists = compileSchema({
    type: "object",
    properties: {
      set: { type: "array", items: text, "x-kubernetes-list-type": "set" },
      keyed: {
        type: "array",
        items: { type: "object", properties: { k: text } },
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["k"],
      },
    },
  });

  test("reports each duplicate once, at its second place", () => {
    const errors = validateUniqueLists(
      { set: ["a", "b", "a", "a"], keyed: [{ k: "x" }, { k: "y" }, { k: "x" }] },
      lists,
      "",
    );
    expect(errors).toEqual([
      { type: "FieldValueDuplicate", field: "set[2]", value: "a" },
      { type: "FieldValueDuplicate", field: "keyed[2]", value: { k: "x" } },
    ]);
  });
});

test.each([
  ["date-time", "2026-01-01T00:00:00Z", true],
  ["date-time", "2026-01-01T00:00:00.123+02:00", true],
  ["date-time", "2026-13-01T00:00:00Z", false],
  ["date-time", "yesterday", false],
  ["byte", "YWI=", true],
  ["byte", "YW", false],
  ["duration", "1h30m", true],
  ["duration", "soon", false],
  ["ipv4", "10.0.0.1", true],
  ["ipv4", "10.0.0.256", false],
  ["ipv6", "::1", true],
  ["uuid", "123e4567-e89b-12d3-a456-426614174000", true],
  ["no-such-format", "anything", true],
])("format %s of %s: %s", (format, value, expected) => {
  expect(matchesFormat(format, value)).toBe(expected);
});
