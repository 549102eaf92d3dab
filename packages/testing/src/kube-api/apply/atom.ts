import { isObject } from "../json.ts";
import { type Schema, UNTYPED } from "../schema/schema.ts";

/** How structured merge looks at a value: as one leaf, as a map of fields, or as a list of keyed items. */
export type Atom = "leaf" | "map" | "list";

/**
 * The granularity at which a value is owned. Where nothing is declared it is deduced from the value: objects field by
 * field, everything else as a whole.
 */
export function atomOf(schema: Schema, value: unknown): Atom {
  if (Array.isArray(value)) return schema.listType === "atomic" || schema === UNTYPED ? "leaf" : "list";
  if (isObject(value)) return schema.atomicMap ? "leaf" : "map";
  return "leaf";
}

/** The schema below a map for one of its fields; undeclared fields are untyped. */
export function fieldType(schema: Schema, name: string): Schema {
  return schema.properties.get(name) ?? schema.additional ?? UNTYPED;
}

/** The schema of a list's items. */
export function itemType(schema: Schema): Schema {
  return schema.items ?? UNTYPED;
}

/** The path element of a field. */
export function fieldElement(name: string): string {
  return `f:${name}`;
}

/**
 * The path element that identifies an item of a set or of a keyed list; undefined when it cannot be identified.
 * A key that is absent counts with its default.
 */
export function itemElement(schema: Schema, item: unknown): string | undefined {
  if (schema.listType === "set") return isScalar(item) ? `v:${JSON.stringify(item)}` : undefined;
  if (!isObject(item)) return undefined;
  const keys: { [key: string]: unknown } = {};
  for (const key of [...schema.listKeys].sort()) {
    const value = Object.hasOwn(item, key) ? item[key] : schema.items?.properties.get(key)?.default;
    if (value !== undefined) keys[key] = value;
  }
  return Object.keys(keys).length === 0 ? undefined : `k:${JSON.stringify(keys)}`;
}

function isScalar(value: unknown): boolean {
  return value !== null && typeof value !== "object";
}
