import type { Registry } from "../registry/registry.ts";
import type { Resource, ServedVersion } from "../registry/resource.ts";

/** Where the documents live; one per group and version. */
const ROOT = "/openapi/v3";

/**
 * OpenAPI v3, no more than kubectl needs to learn that the server validates fields itself: every resource's PATCH
 * takes `fieldValidation`. Schemas are not published. Undefined for a path that is none of its documents.
 */
export function openApiDocument(registry: Registry, path: string): object | undefined {
  const prefixes = new Map(
    registry
      .all()
      .flatMap((resource) => [...resource.versions.values()].map((version) => [prefixOf(version), version])),
  );
  if (path === ROOT) {
    const entries = [...prefixes.keys()].map((prefix) => [
      prefix,
      { serverRelativeURL: `${ROOT}/${prefix}` },
    ]);
    return { paths: Object.fromEntries(entries) };
  }
  const version = path.startsWith(`${ROOT}/`) ? prefixes.get(path.slice(ROOT.length + 1)) : undefined;
  if (!version) return undefined;
  const resources = registry
    .all()
    .filter(({ versions }) =>
      [...versions.values()].some(({ apiVersion }) => apiVersion === version.apiVersion),
    );
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: version.apiVersion },
    paths: Object.fromEntries(resources.map((resource) => pathItem(resource, version))),
    components: { schemas: {} },
  };
}

function prefixOf({ apiVersion }: ServedVersion): string {
  return apiVersion.includes("/") ? `apis/${apiVersion}` : `api/${apiVersion}`;
}

function pathItem({ group, kind, plural, namespaced }: Resource, version: ServedVersion): [string, object] {
  const where = namespaced ? "namespaces/{namespace}/" : "";
  const parameter = (name: string) => ({ name, in: "query", schema: { type: "string" } });
  const operation = {
    "x-kubernetes-action": "patch",
    "x-kubernetes-group-version-kind": { group, kind, version: version.name },
    parameters: ["dryRun", "fieldManager", "fieldValidation", "force"].map(parameter),
    responses: { "200": { description: "OK" } },
  };
  return [`/${prefixOf(version)}/${where}${plural}/{name}`, { patch: operation }];
}
