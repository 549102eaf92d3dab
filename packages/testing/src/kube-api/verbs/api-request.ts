import type { UserInfo } from "../auth/user.ts";
import type { ResourceInfo } from "../http/request-info.ts";
import type { Resource, ServedVersion, WriteContext } from "../registry/resource.ts";
import type { ServerState } from "../server-state.ts";
import type { GroupResource } from "../status-error.ts";

/** A request that has been authenticated, authorized and matched to a resource. */
export interface ApiRequest {
  readonly state: ServerState;
  readonly info: ResourceInfo;
  readonly resource: Resource;
  readonly version: ServedVersion;
  readonly user: UserInfo;
  readonly query: URLSearchParams;
  /** Media type of the body without parameters, lower case; empty when there is none. */
  readonly contentType: string;
  readonly userAgent: string;
  readonly body: string;
  /** Texts to send as Warning headers. */
  readonly warnings: string[];
}

/** The namespace that the object's key is made of: empty for cluster-scoped resources. */
export function keyNamespace({ resource, info }: ApiRequest): string {
  return resource.namespaced ? info.namespace : "";
}

/** Group and plural, as error messages print them. */
export function groupResource({ resource }: ApiRequest): GroupResource {
  return { group: resource.group, resource: resource.plural };
}

/** What the resource's rules may know of the request. */
export function writeContext(request: ApiRequest): WriteContext {
  return { user: request.user, now: request.state.now(), subresource: request.info.subresource };
}

/** `fieldManager` of the query, or the user agent's product name. */
export function fieldManager({ query, userAgent }: ApiRequest): string {
  const given = query.get("fieldManager");
  if (given) return given;
  const product = userAgent.split("/", 1)[0] ?? "";
  return product.replaceAll(/[^\x20-\x7e]/g, "").slice(0, 128) || "unknown";
}

/** True when nothing may be stored. */
export function isDryRun({ query }: ApiRequest): boolean {
  return query.has("dryRun");
}
