import { type FieldError, invalid } from "../field-error.ts";
import { isObject, type JsonObject } from "../json.ts";
import type { Schema } from "./schema.ts";

/** Finds the items that break the uniqueness of `x-kubernetes-list-type` set and map. */
export function validateUniqueLists(value: unknown, schema: Schema, path: string): FieldError[] {
  if (Array.isArray(value)) {
    const { items } = schema;
    const own = schema.listType === "atomic" ? [] : duplicates(value, schema, path);
    return items
      ? [...own, ...value.flatMap((item, index) => validateUniqueLists(item, items, `${path}[${index}]`))]
      : own;
  }
  if (!isObject(value)) return [];
  const errors: FieldError[] = [];
  for (const name of Object.keys(value)) {
    const child = schema.properties.get(name) ?? schema.additional;
    if (child && typeof value[name] === "object") {
      errors.push(...validateUniqueLists(value[name], child, path ? `${path}.${name}` : name));
    }
  }
  return errors;
}

function duplicates(items: readonly unknown[], schema: Schema, path: string): FieldError[] {
  if (schema.listType === "map") {
    const wrong = items.findIndex((item) => item !== null && !isObject(item));
    if (wrong >= 0) {
      return [invalid(`${path}[${wrong}]`, items[wrong], "must be an object for an array of list-type map")];
    }
  }
  const seen = new Map<string, number>();
  const errors: FieldError[] = [];
  items.forEach((item, index) => {
    const key = schema.listType === "map" ? keysOf(item, schema.listKeys) : item;
    const text = JSON.stringify(key);
    const times = seen.get(text) ?? 0;
    seen.set(text, times + 1);
    if (times === 1) errors.push({ type: "FieldValueDuplicate", field: `${path}[${index}]`, value: key });
  });
  return errors;
}

function keysOf(item: unknown, keys: readonly string[]): JsonObject {
  const entries = isObject(item)
    ? keys.filter((key) => Object.hasOwn(item, key)).map((key) => [key, item[key]])
    : [];
  return Object.fromEntries(entries);
}
