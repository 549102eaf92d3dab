import { type FieldError, invalid, notSupported, required } from "../field-error.ts";
import { deepEqual, isObject } from "../json.ts";
import { matchesFormat } from "./format.ts";
import type { Schema } from "./schema.ts";

/**
 * Checks a value against a schema and words the violations as the API server does. Rules written in CEL
 * (`x-kubernetes-validations`) are not evaluated.
 *
 * `previous` turns on ratcheting (KEP-4008): a part that already was invalid and has not changed is let through.
 */
export function validateValue(
  value: unknown,
  schema: Schema,
  path: string,
  previous?: unknown,
): FieldError[] {
  const errors: FieldError[] = [];
  validateNode(value, schema, path, previous, errors);
  return errors;
}

function validateNode(
  value: unknown,
  schema: Schema,
  path: string,
  previous: unknown,
  errors: FieldError[],
): void {
  if (value === previous && typeof value === "object" && value !== null) return;
  const before = errors.length;
  const fits = checkType(value, schema, path, errors);
  checkCombinations(value, schema, path, errors);
  if (fits) checkOwnRules(value, schema, path, errors);
  ratchet(value, previous, before, errors);
  if (!fits) return;
  if (Array.isArray(value) && schema.items) {
    const { items } = schema;
    const old = Array.isArray(previous) ? correlate(previous, schema) : undefined;
    value.forEach((item, index) => {
      validateNode(item, items, `${path}[${index}]`, old?.(item, index), errors);
    });
  } else if (isObject(value)) {
    const old = isObject(previous) ? previous : undefined;
    for (const name of Object.keys(value)) {
      const child = schema.properties.get(name) ?? schema.additional;
      if (child) validateNode(value[name], child, join(path, name), old?.[name], errors);
    }
  }
}

/** Only list maps can be matched item by item across an update; other lists ratchet as a whole. */
function correlate(
  previous: readonly unknown[],
  schema: Schema,
): ((item: unknown, index: number) => unknown) | undefined {
  if (schema.listType !== "map") return undefined;
  return (item) =>
    previous.find((old) =>
      schema.listKeys.every((key) => isObject(old) && isObject(item) && deepEqual(old[key], item[key])),
    );
}

function ratchet(value: unknown, previous: unknown, before: number, errors: FieldError[]): void {
  if (errors.length > before && previous !== undefined && deepEqual(value, previous)) errors.length = before;
}

function checkType(value: unknown, schema: Schema, path: string, errors: FieldError[]): boolean {
  if (value === null && schema.nullable) return false;
  const expected = schema.intOrString ? "integer,string" : schema.type;
  if (expected === undefined) return value !== null;
  const actual = typeName(value);
  const fits =
    actual === expected ||
    (schema.intOrString
      ? actual === "integer" || actual === "string"
      : actual === "integer" && expected === "number");
  if (!fits) errors.push(typeInvalid(path, expected, actual));
  return fits;
}

function typeInvalid(path: string, expected: string, actual: string): FieldError {
  return {
    type: "FieldValueTypeInvalid",
    field: path || "<nil>",
    value: actual,
    detail: `${path} in body must be of type ${expected}: ${JSON.stringify(actual)}`,
  };
}

function checkOwnRules(value: unknown, schema: Schema, path: string, errors: FieldError[]): void {
  const { rules } = schema;
  if (rules.enum && !rules.enum.some((allowed) => deepEqual(allowed, value))) {
    errors.push(notSupported(path, value, rules.enum));
  }
  if (typeof value === "string") checkString(value, schema, path, errors);
  else if (typeof value === "number") checkNumber(value, schema, path, errors);
  else if (Array.isArray(value)) checkArray(value, schema, path, errors);
  else if (isObject(value)) {
    const count = Object.keys(value).length;
    if (rules.minProperties !== undefined && count < rules.minProperties) {
      errors.push(broken(path, value, `should have at least ${rules.minProperties} properties`));
    }
    if (rules.maxProperties !== undefined && count > rules.maxProperties) {
      errors.push(tooMany(path, count, rules.maxProperties));
    }
    for (const name of schema.required) {
      if (!Object.hasOwn(value, name)) errors.push(required(join(path, name)));
    }
  }
}

function checkString(value: string, schema: Schema, path: string, errors: FieldError[]): void {
  const { rules, pattern } = schema;
  const length = rules.minLength === undefined && rules.maxLength === undefined ? 0 : [...value].length;
  if (rules.maxLength !== undefined && length > rules.maxLength) {
    const detail = `may not be more than ${rules.maxLength} ${rules.maxLength === 1 ? "byte" : "bytes"}`;
    errors.push({ type: "FieldValueTooLong", field: path, detail });
  }
  if (rules.minLength !== undefined && length < rules.minLength) {
    errors.push(broken(path, value, `should be at least ${rules.minLength} chars long`));
  }
  if (pattern && !pattern.test(value)) errors.push(broken(path, value, `should match '${rules.pattern}'`));
  if (rules.format !== undefined && !matchesFormat(rules.format, value)) {
    const detail = `${path} in body must be of type ${rules.format}: ${JSON.stringify(value)}`;
    errors.push({ type: "FieldValueTypeInvalid", field: path, value, detail });
  }
}

function checkNumber(value: number, { rules }: Schema, path: string, errors: FieldError[]): void {
  const { minimum, maximum, multipleOf } = rules;
  if (maximum !== undefined && (rules.exclusiveMaximum ? value >= maximum : value > maximum)) {
    errors.push(
      broken(path, value, `should be less than ${rules.exclusiveMaximum ? "" : "or equal to "}${maximum}`),
    );
  }
  if (minimum !== undefined && (rules.exclusiveMinimum ? value <= minimum : value < minimum)) {
    errors.push(
      broken(path, value, `should be greater than ${rules.exclusiveMinimum ? "" : "or equal to "}${minimum}`),
    );
  }
  if (multipleOf !== undefined && !Number.isInteger(value / multipleOf)) {
    errors.push(broken(path, value, `should be a multiple of ${multipleOf}`));
  }
}

function checkArray(value: readonly unknown[], { rules }: Schema, path: string, errors: FieldError[]): void {
  if (rules.minItems !== undefined && value.length < rules.minItems) {
    errors.push(broken(path, value.length, `should have at least ${rules.minItems} items`));
  }
  if (rules.maxItems !== undefined && value.length > rules.maxItems) {
    errors.push(tooMany(path, value.length, rules.maxItems));
  }
}

/** The server names no field when a combination fails, and adds what its best alternative lacked. */
function checkCombinations(value: unknown, schema: Schema, path: string, errors: FieldError[]): void {
  if (value === null) return;
  const say = (text: string) => errors.push(invalid("<nil>", "", `${JSON.stringify(path)} must ${text}`));
  const check = (alternatives: readonly Schema[]) =>
    alternatives.map((part) => validateValue(value, part, path));
  const anyOf = check(schema.anyOf);
  if (anyOf.length > 0 && anyOf.every((failures) => failures.length > 0)) {
    say("validate at least one schema (anyOf)");
    errors.push(...(anyOf[0] ?? []));
  }
  const oneOf = check(schema.oneOf);
  const valid = oneOf.filter((failures) => failures.length === 0).length;
  if (oneOf.length > 0 && valid !== 1) {
    say(
      `validate one and only one schema (oneOf). ${valid === 0 ? "Found none valid" : `Found ${valid} valid alternatives`}`,
    );
    if (valid === 0) errors.push(...(oneOf[0] ?? []));
  }
  const allOf = check(schema.allOf);
  const failed = allOf.filter((failures) => failures.length > 0);
  errors.push(...failed.flat());
  if (failed.length > 0)
    say(`validate all the schemas (allOf)${failed.length === allOf.length ? ". None validated" : ""}`);
  if (schema.not && validateValue(value, schema.not, path).length === 0) say("not validate the schema (not)");
}

function broken(path: string, value: unknown, rule: string): FieldError {
  return invalid(path, value, `${path} in body ${rule}`);
}

function tooMany(path: string, actual: number, max: number): FieldError {
  const detail = `must have at most ${max} ${max === 1 ? "item" : "items"}`;
  return { type: "FieldValueTooMany", field: path, value: actual, detail };
}

function join(path: string, name: string): string {
  return path ? `${path}.${name}` : name;
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}
