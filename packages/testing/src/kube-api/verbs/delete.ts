import { isObject } from "../json.ts";
import type { KubeObject } from "../kube-object.ts";
import { badRequest, conflict } from "../status-error.ts";
import type { Stored } from "../store/stored.ts";
import { type ApiRequest, isDryRun, keyNamespace } from "./api-request.ts";
import { parseJson } from "./decode-object.ts";
import { requireLive } from "./write-object.ts";

/** What a deletion came to. */
export interface Deletion {
  /** The object's last state, or its state with a deletionTimestamp while finalizers hold it. */
  readonly object: KubeObject;
  /** True when the object is gone. */
  readonly gone: boolean;
}

/** DELETE of one object: checks preconditions, and only marks the object while it has finalizers. */
export function deleteOne(request: ApiRequest): Deletion {
  const live = requireLive(request);
  checkPreconditions(request, live);
  return isDryRun(request) ? { object: live.object, gone: true } : deleteStored(request, live);
}

/** Deletes one stored object. Propagation policies are ignored: there is no garbage collector. */
export function deleteStored(request: Pick<ApiRequest, "resource" | "state">, live: Stored): Deletion {
  const { resource, state } = request;
  const { metadata } = live.object;
  const { namespace = "", name = "" } = metadata;
  const finalize = resource.rules.finalize?.(live.object) ?? live.object;
  const held = (metadata.finalizers?.length ?? 0) > 0 || finalize !== live.object;
  if (!held) return { object: resource.store.remove(namespace, name, live.object).object, gone: true };
  if (metadata.deletionTimestamp !== undefined) return { object: live.object, gone: false };
  const marked = {
    ...finalize,
    metadata: {
      ...metadata,
      ...(metadata.generation !== undefined && { generation: metadata.generation + 1 }),
      deletionTimestamp: state.now(),
      deletionGracePeriodSeconds: 0,
    },
  };
  return { object: resource.store.put(namespace, name, marked).object, gone: false };
}

function checkPreconditions(request: ApiRequest, live: Stored): void {
  const { resource, info, body } = request;
  if (body.trim() === "") return;
  const options = parseJson(body, (why) => badRequest(`couldn't get version/kind; json parse error: ${why}`));
  const preconditions = isObject(options) && isObject(options.preconditions) ? options.preconditions : {};
  const { uid, resourceVersion } = live.object.metadata;
  const kind = { group: resource.group, resource: resource.kind };
  if (typeof preconditions.uid === "string" && preconditions.uid !== uid) {
    const why = `the UID in the precondition (${preconditions.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`;
    throw conflict(kind, info.name, why);
  }
  if (
    typeof preconditions.resourceVersion === "string" &&
    preconditions.resourceVersion !== resourceVersion
  ) {
    const why = `the ResourceVersion in the precondition (${preconditions.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`;
    throw conflict(kind, info.name, why);
  }
}

/** DELETE of a collection: every selected object, each as if deleted alone. */
export function deleteMany(request: ApiRequest, selects: (object: KubeObject) => boolean): readonly Stored[] {
  const selected = request.resource.store.list(keyNamespace(request)).filter(({ object }) => selects(object));
  if (!isDryRun(request)) for (const stored of selected) deleteStored(request, stored);
  return selected;
}
