import { isObject, type JsonObject } from "../json.ts";
import type { Schema } from "../schema/schema.ts";
import { atomOf, fieldElement, fieldType, itemElement, itemType } from "./atom.ts";
import { EMPTY, type FieldSet, makeNode } from "./field-set.ts";

/** The fields that an applied configuration claims: its leaves, its list items, and the keys of its open maps. */
export function toFieldSet(object: JsonObject, schema: Schema): FieldSet {
  return mapFields(object, schema);
}

function mapFields(object: JsonObject, schema: Schema): FieldSet {
  const set: { [element: string]: FieldSet } = {};
  for (const name of Object.keys(object)) {
    const value = object[name];
    const child = fieldType(schema, name);
    const isOpenKey = !schema.properties.has(name);
    const isBare = value === null || (isObject(value) && Object.keys(value).length === 0);
    const node = below(value, child, isOpenKey || isBare);
    if (node) set[fieldElement(name)] = node;
  }
  return set;
}

function below(value: unknown, schema: Schema, member: boolean): FieldSet | undefined {
  const atom = atomOf(schema, value);
  if (atom === "map") return makeNode(member, mapFields(value as JsonObject, schema));
  if (atom === "list") return makeNode(member, listItems(value as readonly unknown[], schema));
  return EMPTY;
}

function listItems(items: readonly unknown[], schema: Schema): FieldSet {
  const set: { [element: string]: FieldSet } = {};
  for (const item of items) {
    const element = itemElement(schema, item);
    if (element === undefined) continue;
    // A key that occurs twice is owned as a whole: neither occurrence can be told from the other.
    set[element] = element in set ? EMPTY : (below(item, itemType(schema), true) ?? EMPTY);
  }
  return set;
}
