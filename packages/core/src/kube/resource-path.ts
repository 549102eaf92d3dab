import type { ResourceType } from "./types.ts";

/** Which object or collection of a resource a path is for. */
export interface ResourceTarget {
  /** Left out for cluster-scoped resources, and to list a namespaced resource in all namespaces. */
  readonly namespace?: string | undefined;
  /** Left out for the collection. */
  readonly name?: string | undefined;
  /** Such as `status`, `approval` or `token`. */
  readonly subresource?: string | undefined;
}

/**
 * The path of an object or a collection, such as `/apis/cert-manager.io/v1/namespaces/team/certificaterequests/a/status`.
 *
 * @throws TypeError when a name cannot be one path segment, or when the namespace is missing or out of place.
 */
export function resourcePath(type: ResourceType, target: ResourceTarget = {}): string {
  const { namespace, name, subresource } = target;
  if (namespace !== undefined && !type.namespaced) {
    throw new TypeError(`Expected no \`namespace\`: ${type.kind} is cluster-scoped, got \`${namespace}\``);
  }
  if (name !== undefined && namespace === undefined && type.namespaced) {
    throw new TypeError(`Expected a \`namespace\`: ${type.kind} is namespaced, got none for \`${name}\``);
  }
  if (subresource !== undefined && name === undefined) {
    throw new TypeError(`Expected a \`name\` for the subresource \`${subresource}\` of ${type.kind}`);
  }
  const root = type.group === "" ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  const within = namespace === undefined ? "" : `/namespaces/${segment("namespace", namespace)}`;
  const object = name === undefined ? "" : `/${segment("name", name)}`;
  const sub = subresource === undefined ? "" : `/${segment("subresource", subresource)}`;
  return `${root}${within}/${type.plural}${object}${sub}`;
}

/** The API server's own rule for path segments (apimachinery `path.IsValidPathSegmentName`). */
function segment(option: string, value: string): string {
  if (value === "" || value === "." || value === ".." || /[/%]/.test(value)) {
    throw new TypeError(`Expected \`${option}\` to be one segment of a path, got \`${value}\``);
  }
  return encodeURIComponent(value);
}
