import type { JsonObject } from "../json.ts";
import type { KubeObject } from "../kube-object.ts";
import type { PrinterColumn, Resource, ServedVersion } from "../registry/resource.ts";
import { humanDuration } from "./human-duration.ts";
import { compileJsonPath } from "./json-path.ts";

/** A column definition of a Table and how to fill its cells. */
export interface TableColumn {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly priority: number;
  readonly read: (object: KubeObject, now: Date) => unknown;
}

const NAME: TableColumn = {
  name: "Name",
  type: "string",
  format: "name",
  description: "Name must be unique within a namespace.",
  priority: 0,
  read: ({ metadata }) => metadata.name,
};

const AGE: TableColumn = {
  name: "Age",
  type: "date",
  format: "",
  description: "CreationTimestamp is a timestamp representing the server time when this object was created.",
  priority: 0,
  read: ({ metadata }, now) => age(metadata.creationTimestamp, now),
};

/** The columns of `kubectl get`: the name, the version's own columns, and the age when it has none of its own. */
export function columnsOf({ rules }: Resource, { columns }: ServedVersion): readonly TableColumn[] {
  const own = columns.map(toColumn);
  return [NAME, ...own, ...(columns.length === 0 || !rules.custom ? [AGE] : [])];
}

/** One row; `include` is the client's includeObject: None, Metadata or Object. */
export function tableRow(
  object: KubeObject,
  columns: readonly TableColumn[],
  now: Date,
  include: string,
): JsonObject {
  const cells = columns.map((column) => column.read(object, now) ?? null);
  if (include === "None") return { cells };
  if (include === "Object") return { cells, object };
  const { metadata } = object;
  return { cells, object: { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata } };
}

function toColumn({
  name,
  type,
  format = "",
  description,
  priority = 0,
  jsonPath,
}: PrinterColumn): TableColumn {
  const path = compileJsonPath(jsonPath);
  return {
    name,
    type,
    format,
    description: description ?? `Custom resource definition column (in JSONPath format): ${jsonPath}`,
    priority,
    read: (object, now) => cell(path?.(object) ?? [], type, now),
  };
}

function cell(found: readonly unknown[], type: string, now: Date): unknown {
  const [first] = found;
  if (first === undefined || first === null) return null;
  if (type === "string")
    return found.map((value) => (typeof value === "string" ? value : JSON.stringify(value))).join(" ");
  if (type === "date") return age(first, now);
  return typeof first === "object" ? JSON.stringify(first) : first;
}

function age(timestamp: unknown, now: Date): string {
  const time = typeof timestamp === "string" ? Date.parse(timestamp) : Number.NaN;
  return Number.isNaN(time) ? "<unknown>" : humanDuration(now.getTime() - time);
}
