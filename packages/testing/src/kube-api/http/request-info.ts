/** What is done to a resource, in the terms of RBAC and the audit log. */
export type Verb = "get" | "list" | "watch" | "create" | "update" | "patch" | "delete" | "deletecollection";

/** A request for a resource, read off its method and path. */
export interface ResourceInfo {
  readonly isResource: true;
  readonly verb: Verb;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  readonly path: string;
}

/** A request for anything else: discovery, health, OpenID configuration. */
export interface NonResourceInfo {
  readonly isResource: false;
  /** The lower-case HTTP method. */
  readonly verb: string;
  readonly path: string;
}

/** What the request is about. */
export type RequestInfo = ResourceInfo | NonResourceInfo;

const VERBS: { readonly [method: string]: Verb } = {
  POST: "create",
  GET: "get",
  HEAD: "get",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

/** Subresources of a namespace itself, which would otherwise read as resources inside it. */
const OF_NAMESPACES: ReadonlySet<string> = new Set(["status", "finalize"]);

/** Reads `/api/v1/…` and `/apis/group/version/…` as the API server's RequestInfoFactory does. */
export function readRequestInfo(method: string, path: string, query: URLSearchParams): RequestInfo {
  const other: NonResourceInfo = { isResource: false, verb: method.toLowerCase(), path };
  const parts = path
    .split("/")
    .filter((part) => part !== "")
    .map(decodeURIComponent);
  const group = parts[0] === "api" ? "" : parts[1];
  const rest = parts[0] === "api" ? parts.slice(1) : parts[0] === "apis" ? parts.slice(2) : [];
  const [version, ...where] = rest;
  const verb = VERBS[method];
  if (group === undefined || version === undefined || where.length === 0 || !verb) return other;
  const { namespace, segments } = splitNamespace(where);
  const [resource = "", name = "", subresource = ""] = segments;
  const watch = query.get("watch");
  const isWatch = watch !== null && watch !== "false" && watch !== "0";
  const collection =
    verb === "get" ? (isWatch ? "watch" : "list") : verb === "delete" ? "deletecollection" : verb;
  return {
    isResource: true,
    verb: name === "" ? collection : verb,
    group,
    version,
    namespace,
    resource,
    subresource,
    name: name === "" && collection !== "create" ? selectedName(query) : name,
    path,
  };
}

/** A list or watch of a single name counts as about that name, so that `resourceNames` of a role can allow it. */
function selectedName(query: URLSearchParams): string {
  const terms = (query.get("fieldSelector") ?? "").split(",");
  const name = terms
    .map((term) => /^metadata\.name==?(.+)$/.exec(term)?.[1])
    .find((found) => found !== undefined);
  return name ?? "";
}

function splitNamespace(where: readonly string[]): {
  readonly namespace: string;
  readonly segments: readonly string[];
} {
  const [first, namespace, third] = where;
  if (first !== "namespaces" || namespace === undefined) return { namespace: "", segments: where };
  if (third === undefined || OF_NAMESPACES.has(third)) return { namespace, segments: where };
  return { namespace, segments: where.slice(2) };
}
