import { isObject } from "../json.ts";
import type { ManagedFieldsEntry, ObjectMeta } from "../kube-object.ts";
import { type FieldSet, isEmptySet, union } from "./field-set.ts";

/** Who writes: one manager may own fields through several operations, versions and subresources. */
export interface ManagerKey {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  /** Empty for the main resource. */
  readonly subresource: string;
}

/** A manager and what it owns. */
export interface Manager extends ManagerKey {
  readonly time: string | undefined;
  readonly fields: FieldSet;
}

/** All managers of an object by identity. */
export type Managers = Map<string, Manager>;

/** More updaters than this are folded into `ancient-changes` (apimachinery's DefaultMaxUpdateManagers). */
const MAX_UPDATERS = 10;

/** An applier is the same manager in every version of the API, an updater is not. */
export function managerId({ manager, operation, apiVersion, subresource }: ManagerKey): string {
  return JSON.stringify([manager, operation, operation === "Apply" ? "" : apiVersion, subresource]);
}

/** Reads `metadata.managedFields`; undefined when an entry is malformed. */
export function decodeManagers(entries: readonly unknown[]): Managers | undefined {
  const managers: Managers = new Map();
  for (const entry of entries) {
    if (!isEntry(entry)) return undefined;
    const { manager, operation, apiVersion, subresource = "", time, fieldsV1 } = entry;
    const decoded: Manager = {
      manager,
      operation,
      apiVersion,
      subresource,
      time,
      fields: fieldsV1 as FieldSet,
    };
    managers.set(managerId(decoded), decoded);
  }
  return managers;
}

/** Writes `metadata.managedFields`: appliers first, then by time, manager, version and subresource. */
export function encodeManagers(managers: Managers): readonly ManagedFieldsEntry[] {
  return [...managers.values()]
    .map(
      ({ manager, operation, apiVersion, time, fields, subresource }): ManagedFieldsEntry => ({
        manager,
        operation,
        apiVersion,
        ...(time !== undefined && { time }),
        fieldsType: "FieldsV1",
        fieldsV1: fields,
        ...(subresource && { subresource }),
      }),
    )
    .sort(byRank);
}

/** Folds the oldest updaters of each version together until few enough are left. */
export function capUpdaters(managers: Managers): void {
  const updaters = [...managers.entries()]
    .filter(([, { operation }]) => operation === "Update")
    .sort(
      ([leftId, left], [rightId, right]) =>
        compareText(left.time ?? "", right.time ?? "") || compareText(leftId, rightId),
    );
  const first = new Map<string, string>();
  let count = updaters.length;
  for (const [id, updater] of updaters) {
    if (count <= MAX_UPDATERS) return;
    const oldest = first.get(updater.apiVersion);
    if (oldest === undefined) {
      first.set(updater.apiVersion, id);
      continue;
    }
    const key = {
      manager: "ancient-changes",
      operation: "Update",
      apiVersion: updater.apiVersion,
      subresource: "",
    } as const;
    const bucketId = managerId(key);
    const bucket = managers.get(bucketId) ?? managers.get(oldest);
    managers.delete(oldest);
    managers.delete(id);
    managers.set(bucketId, {
      ...key,
      time: updater.time,
      fields: union(updater.fields, bucket?.fields ?? {}),
    });
    count -= 1;
  }
}

/** True when a client asks to drop all ownership: one empty entry. An empty list asks for nothing. */
export function isReset({ managedFields = [] }: ObjectMeta): boolean {
  const [only] = managedFields;
  return only !== undefined && managedFields.length === 1 && Object.keys(only).length === 0;
}

/** Removes managers that own nothing. */
export function dropEmpty(managers: Managers): void {
  for (const [id, { fields }] of managers) if (isEmptySet(fields)) managers.delete(id);
}

function isEntry(entry: unknown): entry is ManagedFieldsEntry {
  return (
    isObject(entry) &&
    (entry.operation === "Apply" || entry.operation === "Update") &&
    typeof entry.manager === "string" &&
    typeof entry.apiVersion === "string" &&
    entry.apiVersion !== "" &&
    entry.fieldsType === "FieldsV1" &&
    isObject(entry.fieldsV1)
  );
}

function byRank(left: ManagedFieldsEntry, right: ManagedFieldsEntry): number {
  return (
    compareText(left.operation, right.operation) ||
    compareText(left.time ?? "", right.time ?? "") ||
    compareText(left.manager, right.manager) ||
    compareText(left.apiVersion, right.apiVersion) ||
    compareText(left.subresource ?? "", right.subresource ?? "")
  );
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
