import { isObject, type JsonObject } from "../json.ts";
import type { Schema } from "../schema/schema.ts";
import { atomOf, fieldType, itemElement, itemType } from "./atom.ts";

/** Lays an applied configuration over the live object: maps field by field, keyed lists item by item, leaves whole. */
export function mergeApplied(live: JsonObject, applied: JsonObject, schema: Schema): JsonObject {
  return mergeMaps(live, applied, schema);
}

function mergeMaps(live: JsonObject, applied: JsonObject, schema: Schema): JsonObject {
  const result = { ...live };
  for (const name of Object.keys(applied)) {
    result[name] = mergeValue(live[name], applied[name], fieldType(schema, name));
  }
  return result;
}

function mergeValue(live: unknown, applied: unknown, schema: Schema): unknown {
  // Null stands for an empty map or list: merged into one that has content, it changes nothing.
  if (applied === null && atomOf(schema, live) !== "leaf" && Object.keys(live as object).length > 0)
    return live;
  const atom = atomOf(schema, applied);
  if (atom === "map" && isObject(live)) return mergeMaps(live, applied as JsonObject, schema);
  if (atom === "list" && Array.isArray(live)) return mergeLists(live, applied as readonly unknown[], schema);
  return applied;
}

/**
 * Items of both lists in one order: applied items keep the order of the configuration, live-only items keep their
 * place after the shared item they followed.
 */
function mergeLists(
  live: readonly unknown[],
  applied: readonly unknown[],
  schema: Schema,
): readonly unknown[] {
  const type = itemType(schema);
  const liveKeys = live.map((item) => itemElement(schema, item));
  const appliedKeys = applied.map((item) => itemElement(schema, item));
  const wanted = new Set(appliedKeys);
  const current = new Map(liveKeys.map((key, index) => [key, live[index]]));
  const shared = appliedKeys.filter((key) => current.has(key));
  const merged = new Set<string | undefined>();
  const result: unknown[] = [];
  let nextShared = shared.shift();
  const takeApplied = (index: number) => {
    const key = appliedKeys[index];
    merged.add(key);
    result.push(current.has(key) ? mergeValue(current.get(key), applied[index], type) : applied[index]);
    if (key === nextShared) nextShared = shared.shift();
  };
  let left = 0;
  let right = 0;
  while (left < live.length || right < applied.length) {
    if (left < live.length) {
      const key = liveKeys[left];
      if (right < applied.length && key === appliedKeys[right]) {
        takeApplied(right);
        left += 1;
        right += 1;
        continue;
      }
      if (!wanted.has(key)) {
        result.push(live[left]);
        left += 1;
        continue;
      }
      if (merged.has(key) || (nextShared !== undefined && nextShared !== key)) {
        left += 1;
        continue;
      }
    }
    if (right < applied.length) {
      takeApplied(right);
      right += 1;
    }
  }
  return result;
}
