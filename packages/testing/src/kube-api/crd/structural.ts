import {
  type FieldError,
  fieldErrorBody,
  forbidden,
  invalid,
  notSupported,
  required,
} from "../field-error.ts";
import type { JsonSchema } from "../schema/json-schema.ts";
import { prune } from "../schema/prune.ts";
import { compileSchema } from "../schema/schema.ts";
import { validateValue } from "../schema/validate.ts";
import { goPatternProblem } from "./go-pattern.ts";

type Level = "root" | "field" | "item";

const TYPES = ["array", "boolean", "integer", "number", "object", "string"];

/** Keywords of JSON Schema that a CRD may not use at all. */
const UNSUPPORTED = [
  "$ref",
  "definitions",
  "dependencies",
  "additionalItems",
  "patternProperties",
  "id",
] as const;

/** Keywords that belong to the structure, and so may not occur inside allOf, anyOf, oneOf and not. */
const STRUCTURE_ONLY: readonly (readonly [keyof JsonSchema, string])[] = [
  ["type", "must be empty to be structural"],
  ["additionalProperties", "must be undefined to be structural"],
  ["default", "must be undefined to be structural"],
  ["description", "must be empty to be structural"],
  ["nullable", "must be false to be structural"],
  ["x-kubernetes-preserve-unknown-fields", "must be false to be structural"],
  ["x-kubernetes-embedded-resource", "must be false to be structural"],
  ["x-kubernetes-int-or-string", "must be false to be structural"],
  ["x-kubernetes-list-map-keys", "must be empty to be structural"],
  ["x-kubernetes-list-type", "must be undefined to be structural"],
  ["x-kubernetes-map-type", "must be undefined to be structural"],
];

const INT_OR_STRING = JSON.stringify([{ type: "integer" }, { type: "string" }]);

/** Checks that a CRD's schema is structural (KEP-95): fully typed, with value validations kept apart from structure. */
export function validateStructural(schema: JsonSchema, path: string): FieldError[] {
  const errors: FieldError[] = [];
  checkNode(schema, "root", path, errors);
  return errors.sort((left, right) => compareText(textOf(left), textOf(right)));
}

function checkNode(schema: JsonSchema, level: Level, path: string, errors: FieldError[]): void {
  if (checkUnsupported(schema, path, errors)) return;
  checkType(schema, level, path, errors);
  checkKeywords(schema, path, errors);
  checkLists(schema, path, errors);
  checkMapType(schema, path, errors);
  if (schema.items) checkNode(schema.items, "item", `${path}.items`, errors);
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const below = `${path}.properties[${name}]`;
    if (level === "root" && name === "metadata") checkMetadata(property, below, errors);
    else checkNode(property, "field", below, errors);
  }
  const { additionalProperties } = schema;
  if (additionalProperties !== undefined) {
    if (level === "root")
      errors.push(forbidden(`${path}.additionalProperties`, "must not be used at the root"));
    if (typeof additionalProperties === "object") {
      if (schema.properties)
        errors.push(
          forbidden(
            `${path}.additionalProperties`,
            "additionalProperties and properties are mutual exclusive",
          ),
        );
      checkNode(additionalProperties, "field", `${path}.additionalProperties`, errors);
    }
  }
  checkCombinations(schema, schema, path, errors);
  checkDefault(schema, path, errors);
}

function checkType(schema: JsonSchema, level: Level, path: string, errors: FieldError[]): void {
  const { type = "" } = schema;
  const untyped =
    schema["x-kubernetes-int-or-string"] === true || schema["x-kubernetes-preserve-unknown-fields"] === true;
  if (schema["x-kubernetes-embedded-resource"] === true && type !== "object") {
    errors.push(required(`${path}.type`, "must be object if x-kubernetes-embedded-resource is true"));
  } else if (type === "" && !untyped) {
    const where =
      level === "root"
        ? "at the root"
        : `for specified ${level === "item" ? "array items" : "object fields"}`;
    errors.push(required(`${path}.type`, `must not be empty ${where}`));
  }
  if (type !== "" && !TYPES.includes(type)) errors.push(notSupported(`${path}.type`, type, TYPES));
  if (level === "root" && type !== "" && type !== "object")
    errors.push(invalid(`${path}.type`, type, "must be object at the root"));
  if (type === "array" && !schema.items) errors.push(required(`${path}.items`, "must be specified"));
}

/** True when the node says what no structure can be made of; it is then looked at no further. */
function checkUnsupported(schema: JsonSchema, path: string, errors: FieldError[]): boolean {
  const before = errors.length;
  for (const keyword of UNSUPPORTED) {
    if (Object.hasOwn(schema, keyword))
      errors.push(forbidden(`${path}.${keyword}`, `${keyword} is not supported`));
  }
  if (Array.isArray(schema.items))
    errors.push(forbidden(`${path}.items`, "items must be a schema object and not an array"));
  return errors.length > before;
}

function checkKeywords(schema: JsonSchema, path: string, errors: FieldError[]): void {
  if (schema.uniqueItems === true) {
    errors.push(
      forbidden(
        `${path}.uniqueItems`,
        "uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
      ),
    );
  }
  if (schema.additionalProperties === false)
    errors.push(forbidden(`${path}.additionalProperties`, "additionalProperties cannot be set to false"));
  const why = schema.pattern === undefined ? undefined : goPatternProblem(schema.pattern);
  if (why !== undefined) {
    const detail = `must be a valid regular expression, but isn't: ${why}`;
    errors.push(invalid(`${path}.pattern`, schema.pattern, detail));
  }
  if (schema["x-kubernetes-preserve-unknown-fields"] === false) {
    const field = `${path}.x-kubernetes-preserve-unknown-fields`;
    errors.push(invalid(field, false, "must be true or undefined"));
  }
}

const LIST_TYPES: readonly string[] = ["atomic", "set", "map"];
const MAP_TYPES: readonly string[] = ["atomic", "granular"];

function checkMapType(schema: JsonSchema, path: string, errors: FieldError[]): void {
  const mapType = schema["x-kubernetes-map-type"];
  if (mapType === undefined) return;
  if (schema.type !== "object")
    errors.push(
      invalid(`${path}.type`, schema.type ?? "", "must be object if x-kubernetes-map-type is specified"),
    );
  if (!MAP_TYPES.includes(mapType))
    errors.push(notSupported(`${path}.x-kubernetes-map-type`, mapType, MAP_TYPES));
}

function checkSetItems({ items = {} }: JsonSchema, path: string, errors: FieldError[]): void {
  const of = "list with x-kubernetes-list-type=set";
  if (items.nullable === true)
    errors.push(forbidden(`${path}.items.nullable`, "cannot be nullable when x-kubernetes-list-type is set"));
  const mapType = items["x-kubernetes-map-type"];
  if (items.type === "object" && mapType !== "atomic")
    errors.push(
      invalid(`${path}.items.x-kubernetes-map-type`, mapType ?? null, `must be atomic as item of a ${of}`),
    );
  const listType = items["x-kubernetes-list-type"];
  if (items.type === "array" && listType !== undefined && listType !== "atomic")
    errors.push(
      invalid(`${path}.items.x-kubernetes-list-type`, listType, `must be atomic as item of a ${of}`),
    );
}

function checkLists(schema: JsonSchema, path: string, errors: FieldError[]): void {
  const listType = schema["x-kubernetes-list-type"];
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  if (listType !== undefined && schema.type !== "array") {
    errors.push(
      invalid(`${path}.type`, schema.type ?? "", "must be array if x-kubernetes-list-type is specified"),
    );
  }
  if (listType !== undefined && !LIST_TYPES.includes(listType))
    errors.push(notSupported(`${path}.x-kubernetes-list-type`, listType, LIST_TYPES));
  if (listType === "set") checkSetItems(schema, path, errors);
  if (listType !== "map") return;
  if (keys.length === 0) {
    errors.push(
      required(`${path}.x-kubernetes-list-map-keys`, "must not be empty if x-kubernetes-list-type is map"),
    );
  }
  const items = schema.items ?? {};
  if (items.type !== "object") {
    errors.push(
      invalid(
        `${path}.items.type`,
        items.type ?? "",
        "must be object if parent array's x-kubernetes-list-type is map",
      ),
    );
  }
  for (const key of keys) {
    const property = items.properties?.[key];
    if (!property) {
      errors.push(
        invalid(`${path}.x-kubernetes-list-map-keys`, keys, "entries must all be names of item properties"),
      );
    } else if (property.default === undefined && !items.required?.includes(key)) {
      const detail =
        "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property";
      errors.push(required(`${path}.items.properties[${key}].default`, detail));
    }
  }
}

function checkMetadata(
  { type: _type, properties = {}, ...rest }: JsonSchema,
  path: string,
  errors: FieldError[],
): void {
  const others = Object.keys(properties).filter((name) => name !== "name" && name !== "generateName");
  if (others.length === 0 && Object.keys(rest).length === 0) return;
  errors.push(
    forbidden(
      path,
      "must not specify anything other than name and generateName, but metadata is implicitly specified",
    ),
  );
}

function checkCombinations(
  schema: JsonSchema,
  main: JsonSchema | undefined,
  path: string,
  errors: FieldError[],
): void {
  const isIntOrString = schema["x-kubernetes-int-or-string"] === true;
  if (!(isIntOrString && JSON.stringify(schema.anyOf) === INT_OR_STRING)) {
    schema.anyOf?.forEach((part, index) => {
      checkNested(part, main, `${path}.anyOf[${index}]`, errors);
    });
  }
  schema.allOf?.forEach((part, index) => {
    const skip = isIntOrString && index === 0 && JSON.stringify(part.anyOf) === INT_OR_STRING;
    checkNested(skip ? { ...part, anyOf: [] } : part, main, `${path}.allOf[${index}]`, errors);
  });
  schema.oneOf?.forEach((part, index) => {
    checkNested(part, main, `${path}.oneOf[${index}]`, errors);
  });
  if (schema.not) checkNested(schema.not, main, `${path}.not`, errors);
}

/** Inside a combination only values may be constrained, and only those that the structure declares. */
function checkNested(
  part: JsonSchema,
  main: JsonSchema | undefined,
  path: string,
  errors: FieldError[],
): void {
  for (const [keyword, detail] of STRUCTURE_ONLY) {
    if (part[keyword] !== undefined && part[keyword] !== false && part[keyword] !== "")
      errors.push(forbidden(`${path}.${keyword}`, detail));
  }
  for (const [name, property] of Object.entries(part.properties ?? {})) {
    const declared = main?.properties?.[name];
    if (main && !declared)
      errors.push(required(`properties[${name}]`, `because it is defined in ${path}.properties[${name}]`));
    if (name === "metadata")
      errors.push(forbidden(`${path}.properties[metadata]`, "must not be specified in a nested context"));
    checkNested(property, declared, `${path}.properties[${name}]`, errors);
  }
  if (part.items) checkNested(part.items, main?.items, `${path}.items`, errors);
  checkCombinations(part, main, path, errors);
}

function checkDefault(schema: JsonSchema, path: string, errors: FieldError[]): void {
  if (schema.default === undefined) return;
  const compiled = compileSchema(schema);
  if (prune(schema.default, compiled).dropped.length > 0)
    errors.push(invalid(`${path}.default`, schema.default, "must not have unknown fields"));
  for (const error of validateValue(schema.default, compiled, "")) {
    const at = error.field === "<nil>" || error.field === "" ? "" : `.${error.field}`;
    errors.push({ ...error, field: `${path}.default${at}` });
  }
}

function textOf(error: FieldError): string {
  return `${error.field}: ${fieldErrorBody(error)}`;
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
