/** The path of a resource, object or subresource outside any namespace. */
export function clusterPath(
  groupVersion: string,
  plural: string,
  name?: string,
  subresource?: string,
): string {
  return join([root(groupVersion), plural, name, subresource]);
}

/** The path of a resource, object or subresource in a namespace. */
export function namespacedPath(
  groupVersion: string,
  namespace: string,
  plural: string,
  name?: string,
  subresource?: string,
): string {
  return join([root(groupVersion), "namespaces", namespace, plural, name, subresource]);
}

/** The core group alone is served under `/api`. */
function root(groupVersion: string): string {
  return groupVersion.includes("/") ? `/apis/${groupVersion}` : `/api/${groupVersion}`;
}

function join(parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined).join("/");
}
