import { at } from "../json.ts";
import type { KubeObject } from "../kube-object.ts";
import { humanDuration } from "./human-duration.ts";

/** A column of a meta.k8s.io/v1 Table and how to fill its cells. */
export interface TableColumn {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  /** 0: always shown; higher: with `kubectl get -o wide`. */
  readonly priority: number;
  readonly read: (object: KubeObject, now: Date) => unknown;
}

/** The first column of most tables. */
export const nameColumn: TableColumn = {
  name: "Name",
  type: "string",
  format: "name",
  description: "Name must be unique within a namespace.",
  priority: 0,
  read: ({ metadata }) => metadata.name,
};

const CREATED =
  "CreationTimestamp is a timestamp representing the server time when this object was created. It is represented in RFC3339 form and is in UTC.";

/** The age of custom resources is a date, which kubectl turns into an age; that of built-in types is a text. */
export function ageColumn(type: "date" | "string"): TableColumn {
  return {
    ...textColumn("Age", ({ metadata }, now) => age(metadata.creationTimestamp, now)),
    type,
    description: CREATED,
  };
}

/** The creation time in full. */
export const createdColumn: TableColumn = {
  ...textColumn("Created At", ({ metadata }) => metadata.creationTimestamp),
  type: "date",
  description: CREATED,
};

/** A column of text. */
export function textColumn(name: string, read: TableColumn["read"], priority = 0): TableColumn {
  return { name, type: "string", format: "", description: name, priority, read };
}

/** A column that shows the text at a path. */
export function fieldColumn(name: string, ...path: readonly string[]): TableColumn {
  return textColumn(name, (object) => at(object, ...path) ?? "");
}

/** How long ago an RFC 3339 time was, as kubectl prints it. */
export function age(timestamp: unknown, now: Date): string {
  const time = typeof timestamp === "string" ? Date.parse(timestamp) : Number.NaN;
  return Number.isNaN(time) ? "<unknown>" : humanDuration(now.getTime() - time);
}
