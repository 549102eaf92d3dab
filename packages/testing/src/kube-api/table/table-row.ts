import type { JsonObject } from "../json.ts";
import type { KubeObject } from "../kube-object.ts";
import type { TableColumn } from "./table-column.ts";

/** One row; `include` is the client's includeObject: None, Metadata or Object. */
export function tableRow(
  object: KubeObject,
  columns: readonly TableColumn[],
  now: Date,
  include: string,
): JsonObject {
  const cells = columns.map((column) => column.read(object, now) ?? null);
  if (include === "None") return { cells, object: null };
  return { cells, object: include === "Object" ? object : partialMetadata(object) };
}

/** An object reduced to its metadata (meta.k8s.io/v1 PartialObjectMetadata). */
export function partialMetadata({ metadata }: KubeObject): JsonObject {
  return { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata };
}
