import { describe, expect, test } from "vitest";
import { fieldErrorBody } from "../field-error.ts";
import type { JsonSchema } from "../schema/json-schema.ts";
import { validateStructural } from "./structural.ts";

function problems(spec: JsonSchema): string[] {
  const errors = validateStructural({ type: "object", properties: { spec } }, "schema");
  return errors.map((error) => `${error.field}: ${fieldErrorBody(error)}`);
}

describe("validateStructural", () => {
  test.each<[JsonSchema, string[]]>([
    [{ type: "object", properties: { a: { type: "string" } } }, []],
    [{ "x-kubernetes-preserve-unknown-fields": true }, []],
    [{ "x-kubernetes-int-or-string": true, anyOf: [{ type: "integer" }, { type: "string" }] }, []],
    [{ type: "object", properties: { a: { type: "string" } }, oneOf: [{ required: ["a"] }] }, []],
    [{}, ["schema.properties[spec].type: Required value: must not be empty for specified object fields"]],
    [{ type: "array" }, ["schema.properties[spec].items: Required value: must be specified"]],
    [
      { type: "zork" },
      [
        'schema.properties[spec].type: Unsupported value: "zork": supported values: "array", "boolean", "integer", "number", "object", "string"',
      ],
    ],
    [
      { type: "string", anyOf: [{ type: "string" }] },
      ["schema.properties[spec].anyOf[0].type: Forbidden: must be empty to be structural"],
    ],
    [
      { type: "object", oneOf: [{ properties: { a: { pattern: "x" } } }] },
      [
        "properties[a]: Required value: because it is defined in schema.properties[spec].oneOf[0].properties[a]",
      ],
    ],
    [
      { type: "array", items: { type: "object" }, "x-kubernetes-list-type": "map" },
      [
        "schema.properties[spec].x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map",
      ],
    ],
    [
      {
        type: "array",
        items: { type: "object", properties: { k: { type: "string" } } },
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["k"],
      },
      [
        "schema.properties[spec].items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property",
      ],
    ],
    [
      { type: "string", default: 1 },
      [
        'schema.properties[spec].default: Invalid value: "integer":  in body must be of type string: "integer"',
      ],
    ],
    [
      { type: "array", uniqueItems: true, items: { type: "string" } },
      [
        "schema.properties[spec].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
      ],
    ],
    [
      { type: "string", $ref: "#/x" } as JsonSchema,
      ["schema.properties[spec].$ref: Forbidden: $ref is not supported"],
    ],
  ])("%j", (schema, expected) => {
    expect(problems(schema)).toEqual(expected);
  });

  test("requires an object at the root, and says nothing of metadata but its name", () => {
    expect(validateStructural({}, "s")).toMatchObject([
      { field: "s.type", detail: "must not be empty at the root" },
    ]);
    const named: JsonSchema = {
      type: "object",
      properties: { metadata: { type: "object", properties: { name: { pattern: "x" } } } },
    };
    expect(validateStructural(named, "s")).toEqual([]);
    const labelled: JsonSchema = {
      type: "object",
      properties: { metadata: { type: "object", properties: { labels: { type: "object" } } } },
    };
    expect(validateStructural(labelled, "s")).toMatchObject([
      { type: "FieldValueForbidden", field: "s.properties[metadata]" },
    ]);
  });
});
