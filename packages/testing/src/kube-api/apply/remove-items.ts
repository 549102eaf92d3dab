import type { JsonObject } from "../json.ts";
import type { Schema } from "../schema/schema.ts";
import { atomOf, fieldElement, fieldType, itemElement, itemType } from "./atom.ts";
import { childrenOf, EMPTY, type FieldSet, isEmptySet, isMember, makeNode } from "./field-set.ts";

/** The object without the fields and items in the set; containers that this empties go too. */
export function removeItems(object: JsonObject, toRemove: FieldSet, schema: Schema): JsonObject {
  return (removeFields(object, toRemove, schema) as JsonObject | undefined) ?? {};
}

function removeFields(object: JsonObject, toRemove: FieldSet, schema: Schema): JsonObject | undefined {
  const result: JsonObject = {};
  let kept = false;
  for (const name of Object.keys(object)) {
    const node = toRemove[fieldElement(name)];
    if (node !== undefined && isMember(node)) continue;
    const value =
      node === undefined ? object[name] : removeBelow(object[name], node, fieldType(schema, name));
    result[name] = value === undefined ? null : value;
    kept = true;
  }
  return kept ? result : undefined;
}

function removeBelow(value: unknown, node: FieldSet, schema: Schema): unknown {
  const atom = atomOf(schema, value);
  if (atom === "map") return removeFields(value as JsonObject, childrenOf(node), schema);
  if (atom !== "list") return value;
  const items: unknown[] = [];
  for (const item of value as readonly unknown[]) {
    const element = itemElement(schema, item);
    const below = element === undefined ? undefined : node[element];
    if (below !== undefined && isMember(below)) continue;
    items.push(below === undefined ? item : removeBelow(item, below, itemType(schema)));
  }
  return items.length > 0 ? items : undefined;
}

/**
 * Adds the declared fields that lead to a member: `spec.a` being in the set makes `spec` a member too. Removing by
 * such a set takes away the emptied parents, and subtracting such a set keeps them.
 */
export function ensureNamedFields(set: FieldSet, schema: Schema): FieldSet {
  const result: { [element: string]: FieldSet } = {};
  for (const element of Object.keys(set)) {
    const node = set[element] ?? EMPTY;
    const name = element.startsWith("f:") ? element.slice(2) : undefined;
    const named = name !== undefined && schema.properties.has(name);
    const below = name === undefined ? itemType(schema) : fieldType(schema, name);
    const children = childrenOf(node);
    const ensured = isEmptySet(children) ? EMPTY : ensureNamedFields(children, below);
    result[element] = makeNode(isMember(node) || named, ensured) ?? EMPTY;
  }
  return result;
}
