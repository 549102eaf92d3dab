import { isObject, type JsonObject } from "../json.ts";
import { type Schema, UNTYPED } from "../schema/schema.ts";
import { itemElement, itemType } from "./atom.ts";
import { printElement } from "./field-set.ts";

/**
 * Checks that an applied configuration fits the schema: server-side apply refuses undeclared fields, wrong types and
 * items that cannot be identified, where other writes would prune or validate. Returns the server's texts, each
 * beginning with the path.
 */
export function checkApplied(object: JsonObject, schema: Schema): string[] {
  const problems: string[] = [];
  checkFields(object, schema, "", problems);
  return problems;
}

function checkFields(object: JsonObject, schema: Schema, path: string, problems: string[]): void {
  for (const name of Object.keys(object)) {
    const child =
      schema.properties.get(name) ?? schema.additional ?? (schema.preserveUnknown ? UNTYPED : undefined);
    if (!child) {
      problems.push(`${path}.${name}: field not declared in schema`);
      return;
    }
    checkValue(object[name], child, `${path}.${name}`, problems);
  }
}

function checkValue(value: unknown, schema: Schema, path: string, problems: string[]): void {
  if (value === null || schema === UNTYPED) return;
  if (schema.intOrString || schema.type === undefined) {
    if (schema.intOrString && typeof value === "object") {
      problems.push(`${path}: expected any scalar, got ${goValue(value)}`);
    } else if (isObject(value)) checkFields(value, schema, path, problems);
    return;
  }
  switch (schema.type) {
    case "object":
      if (!isObject(value)) problems.push(`${path}: expected map, got ${goValue(value)}`);
      else checkFields(value, schema, path, problems);
      return;
    case "array":
      if (!Array.isArray(value)) problems.push(`${path}: expected list, got ${goValue(value)}`);
      else checkItems(value, schema, path, problems);
      return;
    case "integer":
    case "number":
      if (typeof value !== "number")
        problems.push(`${path}: expected numeric (int or float), got ${goType(value)}`);
      return;
    case "boolean":
      if (typeof value !== "boolean") problems.push(`${path}: expected boolean, got ${goValue(value)}`);
      return;
    default:
      if (typeof value !== "string") {
        problems.push(
          `${path}: expected string, got &value.valueUnstructured{Value:${JSON.stringify(value)}}`,
        );
      }
  }
}

function checkItems(items: readonly unknown[], schema: Schema, path: string, problems: string[]): void {
  const seen = new Set<string>();
  for (const [index, item] of items.entries()) {
    if (schema.listType === "atomic") {
      checkValue(item, itemType(schema), `${path}[${index}]`, problems);
      continue;
    }
    const element = itemElement(schema, item);
    if (element === undefined) {
      problems.push(`${path}: element ${index}: ${whyUnidentified(schema, item)}`);
      return;
    }
    if (seen.has(element)) problems.push(`${path}: duplicate entries for key ${printElement(element)}`);
    seen.add(element);
    checkValue(item, itemType(schema), `${path}${printElement(element)}`, problems);
  }
}

function whyUnidentified(schema: Schema, item: unknown): string {
  if (schema.listType === "set") {
    if (item === null) return "associative list without keys has an element that's an explicit null";
    return isObject(item)
      ? "associative list without keys has an element that's a map type"
      : "not supported: associative list with lists as elements";
  }
  if (item === null) return "associative list with keys may not have a null element";
  if (!isObject(item)) return "associative list with keys may not have non-map elements";
  const keys = schema.listKeys.map((key) => JSON.stringify(key)).join(" ");
  return `associative list with keys has an element that omits all key fields [${keys}] (and doesn't have default values for any key fields)`;
}

function goValue(value: unknown): string {
  return `&{${Array.isArray(value) ? `[${value.map(String).join(" ")}]` : isObject(value) ? "map[]" : String(value)}}`;
}

function goType(value: unknown): string {
  if (Array.isArray(value)) return "[]interface {}";
  if (isObject(value)) return "map[string]interface {}";
  return typeof value === "boolean" ? "bool" : typeof value;
}
