import type { Registry } from "../registry/registry.ts";
import type { Resource, ServedVersion } from "../registry/resource.ts";
import { badRequest, methodNotAllowed, methodNotSupported, notFound, pathNotFound } from "../status-error.ts";
import type { ResourceInfo } from "./request-info.ts";

/** The resource and version that a path is about. */
export interface Match {
  readonly resource: Resource;
  readonly version: ServedVersion;
}

/**
 * Finds what a request is about, or answers 404 or 405. Undefined: the plain 404 of a path that no handler claims, as
 * unknown groups and mis-scoped custom resources get it.
 */
export function matchResource(registry: Registry, info: ResourceInfo): Match | undefined {
  const found = registry.lookup(info.group, info.version, info.resource);
  if (!found) {
    if (registry.servesBuiltin(info.group, info.version)) throw pathNotFound();
    return undefined;
  }
  const { resource, version } = found;
  if (info.subresource && !version.subresources.has(info.subresource)) {
    throw resource.rules.custom
      ? notFound({ group: info.group, resource: info.resource }, info.name)
      : pathNotFound();
  }
  if (!fitsScope(resource, info)) {
    if (resource.rules.custom) return undefined;
    throw info.name ? pathNotFound() : methodNotAllowed();
  }
  if (resource.rules.custom) checkCustomVerb(resource, info);
  else if (!offers(resource, info)) throw methodNotAllowed();
  return found;
}

/** Only lists and watches of a namespaced resource may leave the namespace out. */
function fitsScope({ namespaced, plural }: Resource, { namespace, verb }: ResourceInfo): boolean {
  if (namespaced) return namespace !== "" || verb === "list" || verb === "watch";
  return namespace === "" || plural === "namespaces";
}

function checkCustomVerb({ plural, group }: Resource, { verb, name, subresource }: ResourceInfo): void {
  if (subresource && verb !== "get" && verb !== "update" && verb !== "patch") {
    throw methodNotSupported({ group, resource: plural }, verb);
  }
  if (name === "" && (verb === "update" || verb === "patch")) throw badRequest("name must be provided");
}

function offers({ answers, verbs }: Resource, { verb, name, subresource }: ResourceInfo): boolean {
  if (answers.has(subresource)) return verb === "create";
  if (subresource) return verb === "get" || verb === "update" || verb === "patch";
  const isOfOne = name !== "";
  switch (verb) {
    case "create":
      return !isOfOne && verbs.includes(verb);
    case "update":
    case "patch":
      return isOfOne && verbs.includes(verb);
    default:
      return verbs.includes(verb);
  }
}
