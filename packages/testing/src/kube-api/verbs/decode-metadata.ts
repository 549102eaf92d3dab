import { isObject, type JsonObject } from "../json.ts";
import type { KubeObject, ObjectMeta } from "../kube-object.ts";
import type { StatusError } from "../status-error.ts";
import type { ApiRequest } from "./api-request.ts";
import { metadataProblem } from "./metadata-problem.ts";

/** Collections that metadata never shows empty. */
const OMITTED_WHEN_EMPTY: readonly string[] = [
  "labels",
  "annotations",
  "finalizers",
  "ownerReferences",
  "managedFields",
];

/**
 * Checks the shape of `metadata`, drops its empty collections and its `selfLink`, and reads null in a map of texts as
 * empty, as decoding into ObjectMeta does. `fail` makes the error from what Go's decoder would say.
 */
export function decodeMetadata(
  { resource }: ApiRequest,
  raw: JsonObject,
  fail: (problem: string) => StatusError,
): KubeObject {
  const given = raw.metadata ?? {};
  if (!isObject(given)) {
    const what = Array.isArray(given) ? "array" : typeof given;
    throw fail(
      `json: cannot unmarshal ${what} into Go struct field ${resource.kind}.metadata of type v1.ObjectMeta`,
    );
  }
  const problem = metadataProblem(given, resource.rules.custom ? "" : "metadata.");
  if (problem !== undefined) throw fail(problem);
  const metadata: ObjectMeta = { ...given };
  delete metadata.selfLink;
  for (const name of ["labels", "annotations"] as const) {
    if (metadata[name]) metadata[name] = withEmptyForNull(metadata[name]);
  }
  return { ...raw, metadata: withoutEmpties(metadata) } as KubeObject;
}

/** Metadata without its nulls and empty collections; the input itself when it has none. */
export function withoutEmpties(metadata: ObjectMeta): ObjectMeta {
  const isEmpty = (name: string) => {
    const value = metadata[name];
    if (value === null) return true;
    return OMITTED_WHEN_EMPTY.includes(name) && typeof value === "object" && Object.keys(value).length === 0;
  };
  const empty = Object.keys(metadata).filter(isEmpty);
  if (empty.length === 0) return metadata;
  return Object.fromEntries(Object.entries(metadata).filter(([name]) => !empty.includes(name)));
}

function withEmptyForNull(map: JsonObject): { [key: string]: string } {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, String(value ?? "")]));
}
