import { isObject, type JsonObject } from "../json.ts";
import type { KubeObject } from "../kube-object.ts";
import type { Schema } from "./schema.ts";

/**
 * What a built-in object looks like after it has been through the server's Go types: fields that are never left out
 * appear with their zero value (`zero`), and empty maps and lists elsewhere disappear. Never mutates its input.
 */
export function throughGoType(object: KubeObject, schema: Schema, zero: JsonObject): KubeObject {
  return normalize(object, schema, zero) as KubeObject;
}

function normalize(object: JsonObject, schema: Schema, zero: JsonObject): JsonObject {
  const result: JsonObject = { ...object };
  for (const [name, child] of schema.properties) {
    const value = object[name];
    const none = zero[name];
    if (value === undefined || value === null) {
      if (Object.hasOwn(zero, name)) result[name] = none;
      else delete result[name];
    } else if (isObject(value) && child.properties.size > 0) {
      result[name] = normalize(value, child, isObject(none) ? none : {});
    } else if (isEmptyCollection(value, child)) {
      if (Object.hasOwn(zero, name)) result[name] = none;
      else delete result[name];
    }
  }
  return result;
}

function isEmptyCollection(value: unknown, schema: Schema): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return schema.additional !== undefined && isObject(value) && Object.keys(value).length === 0;
}
