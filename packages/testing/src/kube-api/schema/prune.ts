import { isObject, type JsonObject } from "../json.ts";
import { type Schema, UNTYPED } from "./schema.ts";

/** A pruned value and the paths of the fields that were dropped, as the server's warnings name them. */
export interface Pruned<T> {
  readonly value: T;
  readonly dropped: readonly string[];
}

/**
 * Drops the fields that the schema does not declare, unless `x-kubernetes-preserve-unknown-fields` keeps them, and
 * null where the schema forbids null (a default then takes its place; a required field then is missing).
 * Never mutates its input: subtrees without unknown fields are shared with it.
 */
export function prune<T>(value: T, schema: Schema): Pruned<T> {
  const dropped: string[] = [];
  return { value: pruneNode(value, schema, "", dropped) as T, dropped };
}

function pruneNode(value: unknown, schema: Schema, path: string, dropped: string[]): unknown {
  if (schema === UNTYPED) return value;
  if (Array.isArray(value)) {
    return schema.items ? pruneItems(value, schema.items, path, dropped) : value;
  }
  return isObject(value) ? pruneFields(value, schema, path, dropped) : value;
}

function pruneItems(
  items: readonly unknown[],
  schema: Schema,
  path: string,
  dropped: string[],
): readonly unknown[] {
  let copy: unknown[] | undefined;
  items.forEach((item, index) => {
    const kept = pruneNode(item, schema, `${path}[${index}]`, dropped);
    if (kept !== item) {
      copy ??= [...items];
      copy[index] = kept;
    }
  });
  return copy ?? items;
}

function pruneFields(object: JsonObject, schema: Schema, path: string, dropped: string[]): JsonObject {
  let copy: JsonObject | undefined;
  for (const name of Object.keys(object)) {
    const child = schema.properties.get(name) ?? schema.additional;
    const childPath = path ? `${path}.${name}` : name;
    if (child && object[name] === null && !child.nullable && child !== UNTYPED) {
      copy ??= { ...object };
      delete copy[name];
    } else if (child) {
      const kept = pruneNode(object[name], child, childPath, dropped);
      if (kept !== object[name]) {
        copy ??= { ...object };
        copy[name] = kept;
      }
    } else if (!schema.preserveUnknown && !(schema.embedded && isTypeMeta(name))) {
      copy ??= { ...object };
      delete copy[name];
      dropped.push(childPath);
    }
  }
  return copy ?? object;
}

function isTypeMeta(name: string): boolean {
  return name === "apiVersion" || name === "kind" || name === "metadata";
}
