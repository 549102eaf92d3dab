import { deepEqual } from "../json.ts";
import type { KubeObject } from "../kube-object.ts";
import type { Schema } from "../schema/schema.ts";
import { type Comparison, compare, written } from "./compare.ts";
import {
  difference,
  type FieldSet,
  intersection,
  isEmptySet,
  paths,
  recursiveDifference,
  union,
} from "./field-set.ts";
import { capUpdaters, dropEmpty, type ManagerKey, type Managers, managerId } from "./managers.ts";
import { mergeApplied } from "./merge.ts";
import { ensureNamedFields, removeItems } from "./remove-items.ts";
import { toFieldSet } from "./to-field-set.ts";

/** Fields that no manager ever owns (apimachinery's stripMeta). */
const NEVER_OWNED: FieldSet = {
  "f:apiVersion": {},
  "f:kind": {},
  "f:metadata": {
    ".": {},
    "f:name": {},
    "f:namespace": {},
    "f:creationTimestamp": {},
    "f:selfLink": {},
    "f:uid": {},
    "f:generation": {},
    "f:managedFields": {},
    "f:resourceVersion": {},
  },
};

/** Who writes, when, through which schema. */
export interface Writing {
  readonly schema: Schema;
  readonly key: ManagerKey;
  /** Fields that this endpoint ignores, such as `status` on the main resource. */
  readonly ignored: FieldSet;
  /** RFC 3339, whole seconds. */
  readonly now: string;
}

/** A field that an apply would change although another manager owns it. */
export interface ApplyConflict {
  readonly manager: ManagerKey;
  readonly path: string;
}

/** What an apply does: the merged object and its managers, or the conflicts that forbid it. */
export type ApplyResult =
  | { readonly conflicts: readonly ApplyConflict[] }
  | { readonly conflicts?: undefined; readonly object: KubeObject; readonly changed: boolean };

/**
 * Records a write that is not an apply: the writer takes every field it added or changed from their owners, and
 * nobody owns what it removed. Changes `managers` in place.
 */
export function recordUpdate(live: KubeObject, next: KubeObject, managers: Managers, writing: Writing): void {
  const { schema, key, ignored, now } = writing;
  const id = managerId(key);
  const changes = filter(compare(live, next, schema), ignored);
  const taken = written(changes);
  release(managers, undefined, taken, changes.removed);
  dropEmpty(managers);
  const fields = difference(taken, NEVER_OWNED);
  if (!isEmptySet(fields)) {
    const previous = managers.get(id);
    managers.set(id, { ...key, time: now, fields: previous ? union(fields, previous.fields) : fields });
  }
  capUpdaters(managers);
}

/**
 * Server-side apply: merges `config` into `live`, removes what this manager applied before and nobody owns any more,
 * and moves ownership. Changes `managers` in place when it succeeds.
 */
export function applyConfig(
  live: KubeObject,
  config: KubeObject,
  managers: Managers,
  writing: Writing & { readonly force: boolean },
): ApplyResult {
  const { schema, key, ignored, now, force } = writing;
  const id = managerId(key);
  const last = managers.get(id);
  const merged = mergeApplied(live, config, schema) as KubeObject;
  const claimed = recursiveDifference(toFieldSet(config, schema), ignored);
  const stillOwned = [...managers].reduce(
    (all, [other, { fields }]) => (other === id ? all : union(all, fields)),
    claimed,
  );
  const object = last ? (pruneDropped(merged, last.fields, stillOwned, schema) as KubeObject) : merged;
  const changes = filter(compare(live, object, schema), ignored);
  const taken = written(changes);
  const conflicts = findConflicts(managers, id, taken);
  if (!force && conflicts.length > 0) return { conflicts };
  release(managers, id, taken, changes.removed);
  const fields = difference(claimed, NEVER_OWNED);
  const changed = !deepEqual(live, object);
  managers.set(id, { ...key, time: changed ? now : last?.time, fields });
  dropEmpty(managers);
  return { object, changed };
}

/** What the managers own, as far as another manager would change it. */
function findConflicts(managers: Managers, applier: string, taken: FieldSet): ApplyConflict[] {
  const conflicts: ApplyConflict[] = [];
  for (const [id, manager] of managers) {
    if (id === applier) continue;
    const overlap = intersection(manager.fields, taken);
    if (!isEmptySet(overlap)) conflicts.push(...paths(overlap).map((path) => ({ manager, path })));
  }
  return conflicts;
}

/** Takes fields away from every manager but one. */
function release(managers: Managers, except: string | undefined, taken: FieldSet, removed: FieldSet): void {
  const lost = union(taken, removed);
  if (isEmptySet(lost)) return;
  for (const [id, manager] of managers) {
    if (id !== except) managers.set(id, { ...manager, fields: difference(manager.fields, lost) });
  }
}

function filter({ added, modified, removed }: Comparison, ignored: FieldSet): Comparison {
  if (isEmptySet(ignored)) return { added, modified, removed };
  return {
    added: recursiveDifference(added, ignored),
    modified: recursiveDifference(modified, ignored),
    removed: recursiveDifference(removed, ignored),
  };
}

/**
 * Removes what the applier owned before and nobody owns now. Three passes, as structured-merge-diff has them: take away
 * all it had, put back what anyone owns, put back what never was the applier's.
 */
function pruneDropped(merged: KubeObject, last: FieldSet, stillOwned: FieldSet, schema: Schema): KubeObject {
  if (isEmptySet(difference(last, stillOwned))) return merged;
  const named = (set: FieldSet) => ensureNamedFields(set, schema);
  const all = named(toFieldSet(merged, schema));
  const without = removeItems(merged, named(last), schema);
  const keep = union(named(toFieldSet(without, schema)), named(stillOwned));
  const ownedBack = removeItems(merged, difference(all, keep), schema);
  const gone = difference(all, named(toFieldSet(ownedBack, schema)));
  return removeItems(merged, intersection(gone, named(last)), schema) as KubeObject;
}
