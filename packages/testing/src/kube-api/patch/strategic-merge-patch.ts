import { itemElement } from "../apply/atom.ts";
import { isObject, type JsonObject } from "../json.ts";
import { fieldSchema, type Schema } from "../schema/schema.ts";

const DIRECTIVE = "$patch";
const DELETE_FROM = "$deleteFromPrimitiveList/";
const SET_ORDER = "$setElementOrder/";
const RETAIN_KEYS = "$retainKeys";

/**
 * Applies a strategic merge patch: a merge patch that knows which lists are sets or keyed by a field, and the
 * directives `$patch: delete|replace` and `$deleteFromPrimitiveList`. Element order directives are ignored.
 */
export function applyStrategicMergePatch(target: JsonObject, patch: JsonObject, schema: Schema): JsonObject {
  if (patch[DIRECTIVE] === "replace") return withoutDirectives(patch);
  const result: JsonObject = { ...target };
  for (const name of Object.keys(patch)) {
    const value = patch[name];
    if (name.startsWith(DELETE_FROM)) {
      const list = name.slice(DELETE_FROM.length);
      const gone = new Set(Array.isArray(value) ? value : []);
      const current = result[list];
      if (Array.isArray(current)) result[list] = current.filter((item) => !gone.has(item));
    } else if (isDirective(name)) {
      delete result[name];
    } else if (value === null || (isObject(value) && value[DIRECTIVE] === "delete")) {
      delete result[name];
    } else {
      const child = fieldSchema(schema, name);
      result[name] = child ? mergeValue(result[name], value, child) : value;
    }
  }
  return result;
}

function isDirective(name: string): boolean {
  return name === DIRECTIVE || name === RETAIN_KEYS || name.startsWith(SET_ORDER);
}

function mergeValue(current: unknown, value: unknown, schema: Schema): unknown {
  if (isObject(value)) return applyStrategicMergePatch(isObject(current) ? current : {}, value, schema);
  if (Array.isArray(value) && schema.listType !== "atomic") {
    return mergeLists(Array.isArray(current) ? current : [], value, schema);
  }
  return value;
}

function mergeLists(
  current: readonly unknown[],
  patch: readonly unknown[],
  schema: Schema,
): readonly unknown[] {
  if (patch.some((item) => isObject(item) && item[DIRECTIVE] === "replace")) {
    return patch.filter((item) => !(isObject(item) && item[DIRECTIVE] === "replace"));
  }
  const elementOf = (item: unknown) => itemElement(schema, item);
  const gone = new Set(patch.filter(isDeletion).map(elementOf));
  const patched = patch
    .filter((item) => !isDeletion(item))
    .map((item) => {
      const old = current.find((candidate) => elementOf(candidate) === elementOf(item));
      if (old !== undefined && schema.items) return mergeValue(old, item, schema.items);
      return isObject(item) ? withoutDirectives(item) : item;
    });
  const wanted = new Set(patched.map(elementOf));
  const kept = current.filter((item) => !wanted.has(elementOf(item)) && !gone.has(elementOf(item)));
  return interleave(kept, patched, current.map(elementOf), elementOf);
}

/** Items of the patch in its order; the others where they stood before the next item that both lists had. */
function interleave(
  kept: readonly unknown[],
  patched: readonly unknown[],
  order: readonly (string | undefined)[],
  elementOf: (item: unknown) => string | undefined,
): readonly unknown[] {
  const result: unknown[] = [];
  let left = 0;
  let right = 0;
  while (left < kept.length || right < patched.length) {
    const mine = left < kept.length ? order.indexOf(elementOf(kept[left])) : Number.POSITIVE_INFINITY;
    const theirs =
      right < patched.length ? order.indexOf(elementOf(patched[right])) : Number.POSITIVE_INFINITY;
    if (mine < theirs) result.push(kept[left++]);
    else result.push(patched[right++]);
  }
  return result;
}

function isDeletion(item: unknown): boolean {
  return isObject(item) && item[DIRECTIVE] === "delete";
}

function withoutDirectives(object: JsonObject): JsonObject {
  const { [DIRECTIVE]: _directive, ...rest } = object;
  return rest;
}
