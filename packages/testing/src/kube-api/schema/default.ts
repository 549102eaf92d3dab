import { isObject, type JsonObject } from "../json.ts";
import type { Schema } from "./schema.ts";

/**
 * Fills in the schema's defaults. A null where the schema forbids null but has a default counts as absent.
 * Never mutates its input: subtrees that need no default are shared with it.
 */
export function applyDefaults<T>(value: T, schema: Schema): T {
  return defaultNode(value, schema) as T;
}

function defaultNode(value: unknown, schema: Schema): unknown {
  if (!schema.hasDefaults) return value;
  if (Array.isArray(value)) {
    const { items } = schema;
    if (!items) return value;
    const filled = value.map((item) => defaultNode(item, items));
    return filled.some((item, index) => item !== value[index]) ? filled : value;
  }
  return isObject(value) ? defaultFields(value, schema) : value;
}

function defaultFields(object: JsonObject, schema: Schema): JsonObject {
  let copy: JsonObject | undefined;
  for (const [name, child] of schema.properties) {
    if (!child.hasDefaults) continue;
    const given = Object.hasOwn(object, name) ? object[name] : undefined;
    const absent = given === undefined || (given === null && !child.nullable && child.default !== undefined);
    const filled = defaultNode(absent ? child.default : given, child);
    if (filled !== undefined && filled !== given) {
      copy ??= { ...object };
      copy[name] = filled;
    }
  }
  if (schema.additional?.hasDefaults) {
    for (const name of Object.keys(object)) {
      if (schema.properties.has(name)) continue;
      const filled = defaultNode(object[name], schema.additional);
      if (filled !== object[name]) {
        copy ??= { ...object };
        copy[name] = filled;
      }
    }
  }
  return copy ?? object;
}
