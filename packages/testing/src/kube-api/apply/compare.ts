import { deepEqual, isObject, type JsonObject } from "../json.ts";
import type { Schema } from "../schema/schema.ts";
import { type Atom, atomOf, fieldElement, fieldType, itemElement, itemType } from "./atom.ts";
import { EMPTY, type FieldSet, makeNode, union } from "./field-set.ts";

/** What changed between two objects; no path is in more than one of the sets. */
export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

type MutableSet = { [element: string]: FieldSet };
type Changes = { readonly added: MutableSet; readonly modified: MutableSet; readonly removed: MutableSet };

const ABSENT = Symbol("absent");

/** Compares two objects at the granularity of their schema. Subtrees shared by both are skipped unseen. */
export function compare(left: JsonObject, right: JsonObject, schema: Schema): Comparison {
  const changes: Changes = { added: {}, modified: {}, removed: {} };
  compareMaps(left, right, schema, changes);
  return changes;
}

/** The union of what was added and what was modified: the fields that a writer takes hold of. */
export function written({ added, modified }: Comparison): FieldSet {
  return union(added, modified);
}

function compareMaps(left: JsonObject, right: JsonObject, schema: Schema, into: Changes): void {
  for (const name of Object.keys(left)) {
    const next = Object.hasOwn(right, name) ? right[name] : ABSENT;
    compareAt(fieldElement(name), left[name], next, fieldType(schema, name), into);
  }
  for (const name of Object.keys(right)) {
    if (!Object.hasOwn(left, name))
      compareAt(fieldElement(name), ABSENT, right[name], fieldType(schema, name), into);
  }
}

function compareLists(
  left: readonly unknown[],
  right: readonly unknown[],
  schema: Schema,
  into: Changes,
): void {
  const before = byElement(left, schema);
  const after = byElement(right, schema);
  for (const element of new Set([...before.keys(), ...after.keys()])) {
    const old = before.get(element) ?? [];
    const now = after.get(element) ?? [];
    if (old.length <= 1 && now.length <= 1) {
      compareAt(element, old.length ? old[0] : ABSENT, now.length ? now[0] : ABSENT, itemType(schema), into);
    } else if (old.length > 1 && now.length > 1) {
      if (!deepEqual(old, now)) into.modified[element] = EMPTY;
    } else {
      // Going to or from a duplicate replaces what could be told apart by a mark for the whole item.
      if (old.length <= 1 && old.length > 0) compareAt(element, old[0], ABSENT, itemType(schema), into);
      if (now.length <= 1 && now.length > 0) compareAt(element, ABSENT, now[0], itemType(schema), into);
      const marks = old.length > 1 ? into.removed : into.added;
      marks[element] = union(marks[element] ?? EMPTY, EMPTY);
    }
  }
}

function byElement(items: readonly unknown[], schema: Schema): Map<string, unknown[]> {
  const found = new Map<string, unknown[]>();
  for (const item of items) {
    const element = itemElement(schema, item);
    if (element === undefined) continue;
    const same = found.get(element);
    if (same) same.push(item);
    else found.set(element, [item]);
  }
  return found;
}

function compareAt(element: string, left: unknown, right: unknown, schema: Schema, into: Changes): void {
  if (left === right) return;
  const leftAtom = left === ABSENT ? undefined : atomOf(schema, left);
  const rightAtom = right === ABSENT ? undefined : atomOf(schema, right);
  if (isLeaf(left, right, leftAtom, rightAtom)) {
    if (left === ABSENT) into.added[element] = EMPTY;
    else if (right === ABSENT) into.removed[element] = EMPTY;
    else if (!deepEqual(left, right)) into.modified[element] = EMPTY;
    return;
  }
  const inner: Changes = { added: {}, modified: {}, removed: {} };
  if (leftAtom !== undefined && rightAtom !== undefined && leftAtom !== rightAtom) {
    if (left !== null && right !== null) into.modified[element] = EMPTY;
    descend(left, emptyOf(leftAtom), leftAtom, schema, inner);
    descend(emptyOf(rightAtom), right, rightAtom, schema, inner);
  } else {
    const atom = leftAtom ?? rightAtom ?? "leaf";
    descend(
      left === ABSENT ? emptyOf(atom) : left,
      right === ABSENT ? emptyOf(atom) : right,
      atom,
      schema,
      inner,
    );
  }
  keep(into.added, element, makeNode(left === ABSENT, inner.added));
  keep(into.removed, element, makeNode(right === ABSENT, inner.removed));
  if (into.modified[element] === undefined) keep(into.modified, element, makeNode(false, inner.modified));
}

/** Atomic values are leaves; so are containers that are empty on both sides, which keeps {} apart from absent. */
function isLeaf(
  left: unknown,
  right: unknown,
  leftAtom: Atom | undefined,
  rightAtom: Atom | undefined,
): boolean {
  const leafOrNone = (atom: Atom | undefined) => atom === undefined || atom === "leaf";
  if (leafOrNone(leftAtom) && leafOrNone(rightAtom)) return true;
  return isBare(left) && isBare(right);
}

function isBare(value: unknown): boolean {
  if (value === ABSENT || value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && Object.keys(value).length === 0;
}

function emptyOf(atom: Atom): unknown {
  return atom === "list" ? [] : atom === "map" ? {} : null;
}

function descend(left: unknown, right: unknown, atom: Atom, schema: Schema, into: Changes): void {
  if (atom === "map") compareMaps(isObject(left) ? left : {}, isObject(right) ? right : {}, schema, into);
  else if (atom === "list") {
    compareLists(Array.isArray(left) ? left : [], Array.isArray(right) ? right : [], schema, into);
  }
}

function keep(set: MutableSet, element: string, node: FieldSet | undefined): void {
  if (node) set[element] = node;
}
