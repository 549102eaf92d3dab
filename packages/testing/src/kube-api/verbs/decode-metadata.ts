import { isObject, type JsonObject } from "../json.ts";
import type { KubeObject, ObjectMeta } from "../kube-object.ts";
import type { ApiRequest } from "./api-request.ts";
import { cannotHandle } from "./decode-errors.ts";

/** Collections that metadata never shows empty. `managedFields` is none of them: empty, it resets ownership. */
const OMITTED_WHEN_EMPTY: readonly string[] = ["labels", "annotations", "finalizers", "ownerReferences"];

/** Checks the shape of `metadata` and drops its empty collections, as decoding into ObjectMeta does. */
export function decodeMetadata(request: ApiRequest, raw: JsonObject): KubeObject {
  const { resource } = request;
  const given = raw.metadata ?? {};
  if (!isObject(given)) {
    const what = Array.isArray(given) ? "array" : typeof given;
    throw cannotHandle(
      request,
      `json: cannot unmarshal ${what} into Go struct field ${resource.kind}.metadata of type v1.ObjectMeta`,
    );
  }
  const metadata: ObjectMeta = { ...given };
  for (const name of ["labels", "annotations"] as const) {
    const wrong = wrongMap(given[name]);
    const path = resource.rules.custom ? name : `metadata.${name}`;
    if (wrong)
      throw cannotHandle(
        request,
        `json: cannot unmarshal ${wrong} into Go struct field ObjectMeta.${path} of type string`,
      );
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

/** The JSON type that does not belong into a map of strings, undefined when all fits. */
function wrongMap(map: unknown): string | undefined {
  if (map === undefined || map === null) return undefined;
  if (!isObject(map)) return Array.isArray(map) ? "array" : typeof map;
  const wrong = Object.values(map).find((value) => typeof value !== "string" && value !== null);
  if (wrong === undefined) return undefined;
  if (typeof wrong === "boolean") return "bool";
  return Array.isArray(wrong) ? "array" : typeof wrong;
}
