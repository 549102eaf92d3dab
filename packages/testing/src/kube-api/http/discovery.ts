import type { ServerResponse } from "node:http";
import { ISSUER } from "../auth/tokens.ts";
import type { Resource, ServedVersion } from "../registry/resource.ts";
import type { ServerState } from "../server-state.ts";
import { openApiDocument } from "./open-api.ts";
import { sendJson, sendText } from "./respond.ts";

/** The Kubernetes version whose behaviour this server follows. */
const VERSION = {
  major: "1",
  minor: "35",
  gitVersion: "v1.35.4-countersign-testing",
  platform: "linux/amd64",
};

const HEALTH: ReadonlySet<string> = new Set(["/healthz", "/livez", "/readyz"]);

/** Answers everything that is not a resource: health, version, discovery, OpenID configuration. */
export function servePath(state: ServerState, path: string, response: ServerResponse): void {
  const clean = path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
  const document = openApiDocument(state.registry, clean) ?? find(state, clean);
  if (HEALTH.has(clean)) sendText(response, 200, "ok");
  else if (document === undefined) sendText(response, 404, "404 page not found\n");
  else sendJson(response, 200, `${JSON.stringify(document)}\n`);
}

function find(state: ServerState, path: string): object | undefined {
  switch (path) {
    case "/":
      return {
        paths: [
          "/api",
          "/apis",
          "/healthz",
          "/livez",
          "/openapi/v3",
          "/openid/v1/jwks",
          "/readyz",
          "/version",
        ],
      };
    case "/version":
      return VERSION;
    case "/api":
      return { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] };
    case "/apis":
      return {
        kind: "APIGroupList",
        apiVersion: "v1",
        groups: groupNames(state).map((name) => apiGroup(state, name)),
      };
    case "/openid/v1/jwks":
      return state.tokens.keySet();
    case "/.well-known/openid-configuration":
      return openIdConfiguration();
  }
  const [, root, group, version, ...more] = path.split("/");
  if (more.length > 0) return undefined;
  if (root === "api" && group === "v1" && version === undefined) return resourceList(state, "", "v1");
  if (root !== "apis" || group === undefined || !groupNames(state).includes(group)) return undefined;
  return version === undefined
    ? { kind: "APIGroup", apiVersion: "v1", ...apiGroup(state, group) }
    : resourceList(state, group, version);
}

function groupNames({ registry }: ServerState): readonly string[] {
  return [...new Set(registry.all().map(({ group }) => group))].filter((group) => group !== "");
}

function apiGroup({ registry }: ServerState, name: string): object {
  const resources = registry.all().filter(({ group }) => group === name);
  const versions = [...new Set(resources.flatMap((resource) => [...resource.versions.keys()]))].map(
    (version) => ({
      groupVersion: `${name}/${version}`,
      version,
    }),
  );
  return { name, versions, preferredVersion: versions[0] };
}

function resourceList({ registry }: ServerState, group: string, version: string): object | undefined {
  const served = registry
    .all()
    .map((resource) => ({
      resource,
      at: resource.group === group ? resource.versions.get(version) : undefined,
    }))
    .filter((entry): entry is { resource: Resource; at: ServedVersion } => entry.at !== undefined);
  if (served.length === 0) return undefined;
  const groupVersion = group ? `${group}/${version}` : version;
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion,
    resources: served.flatMap(({ resource, at }) => apiResources(resource, at)),
  };
}

function apiResources(resource: Resource, { subresources }: ServedVersion): readonly object[] {
  const { plural, singular, kind, namespaced, shortNames, categories, verbs, answers } = resource;
  return [
    {
      name: plural,
      singularName: singular,
      namespaced,
      kind,
      verbs,
      ...(shortNames.length > 0 && { shortNames }),
      ...(categories.length > 0 && { categories }),
    },
    ...[...subresources].map((name) => ({
      name: `${plural}/${name}`,
      singularName: "",
      namespaced,
      kind: name === "token" ? "TokenRequest" : kind,
      ...(name === "token" && { group: "authentication.k8s.io", version: "v1" }),
      verbs: answers.has(name) ? ["create"] : ["get", "patch", "update"],
    })),
  ];
}

function openIdConfiguration(): object {
  return {
    issuer: ISSUER,
    jwks_uri: `${ISSUER}/openid/v1/jwks`,
    response_types_supported: ["id_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["ES256"],
  };
}
