import { decodeManagers, encodeManagers, isReset, type Managers } from "../apply/managers.ts";
import { recordUpdate, type Writing } from "../apply/own-fields.ts";
import { without } from "../json.ts";
import type { KubeObject } from "../kube-object.ts";
import { type ApiRequest, fieldManager } from "./api-request.ts";

/** What this request writes as, for the bookkeeping of managed fields. */
export function writing(request: ApiRequest, operation: "Apply" | "Update"): Writing {
  const { resource, version, info, state } = request;
  return {
    schema: version.schema,
    key: {
      manager: fieldManager(request),
      operation,
      apiVersion: version.apiVersion,
      subresource: info.subresource,
    },
    ignored: resource.rules.ignored(info.subresource),
    now: state.now(),
  };
}

/** An object of the request's kind with nothing in it: what a new object is compared with. */
export function emptyObject({ resource, version }: ApiRequest): KubeObject {
  return { apiVersion: version.apiVersion, kind: resource.kind, metadata: {}, ...resource.rules.zero };
}

/**
 * The managers after a write that is not an apply. `given` is what the client asked for, before the endpoint's rules
 * reset parts of it: what it asked for outside the ignored fields it owns, even where the rules drop it.
 */
export function trackUpdate(request: ApiRequest, live: KubeObject, given: KubeObject): Managers {
  const own = given.metadata.managedFields;
  const isMain = request.info.subresource === "";
  if (isMain && isReset(given.metadata)) return new Map();
  const decoded = isMain && own !== live.metadata.managedFields && own ? decodeManagers(own) : undefined;
  const managers = decoded?.size ? decoded : (decodeManagers(live.metadata.managedFields ?? []) ?? new Map());
  // An object that exists without managers was reset; it is tracked again only from its next apply on.
  if (managers.size > 0 || live.metadata.uid === undefined) {
    recordUpdate(live, given, managers, writing(request, "Update"));
  }
  return managers;
}

/**
 * The managers that an apply meets. An object without any counts as written by `before-first-apply`, so that the apply
 * conflicts with what is there.
 */
export function managersForApply(request: ApiRequest, live: KubeObject): Managers {
  const managers = decodeManagers(live.metadata.managedFields ?? []) ?? new Map();
  if (managers.size === 0 && live.metadata.uid !== undefined) {
    const { key, ...rest } = writing(request, "Update");
    recordUpdate(emptyObject(request), live, managers, {
      ...rest,
      key: { ...key, manager: "before-first-apply" },
    });
  }
  return managers;
}

/** The object with its managers written into its metadata. */
export function withManagers(object: KubeObject, managers: Managers): KubeObject {
  const metadata = without(object.metadata, "managedFields");
  return {
    ...object,
    metadata: managers.size > 0 ? { ...metadata, managedFields: encodeManagers(managers) } : metadata,
  };
}
