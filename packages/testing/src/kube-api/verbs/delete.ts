import type { KubeObject } from "../kube-object.ts";
import { conflict, forbiddenError } from "../status-error.ts";
import type { Stored } from "../store/stored.ts";
import { type ApiRequest, groupResource, keyNamespace } from "./api-request.ts";
import { type DeleteOptions, type Propagation, readDeleteOptions } from "./delete-options.ts";
import { requireLive } from "./write-object.ts";

/** What a deletion came to. */
export interface Deletion {
  /** The object's last state, or its state with a deletionTimestamp while finalizers hold it. */
  readonly object: KubeObject;
  /** True when the object is gone. */
  readonly gone: boolean;
}

/** The finalizer by which each policy makes the object wait for the garbage collector. */
const WAITING: { readonly [policy in Propagation]?: string } = {
  Foreground: "foregroundDeletion",
  Orphan: "orphan",
};

/** DELETE of one object: checks preconditions, and only marks the object while it has finalizers. */
export function deleteOne(request: ApiRequest): Deletion {
  const options = readDeleteOptions(request);
  const live = requireLive(request);
  const kept = request.resource.rules.keep?.(live.object);
  if (kept !== undefined) throw forbiddenError(groupResource(request), request.info.name, kept);
  checkPreconditions(request, live, options);
  return options.dryRun
    ? { object: live.object, gone: true }
    : deleteStored(request, live, options.propagation);
}

/** DELETE of a collection: every selected object, each as if deleted alone. */
export function deleteMany(request: ApiRequest, selects: (object: KubeObject) => boolean): readonly Stored[] {
  const { dryRun, propagation } = readDeleteOptions(request);
  const selected = request.resource.store.list(keyNamespace(request)).filter(({ object }) => selects(object));
  if (!dryRun) for (const stored of selected) deleteStored(request, stored, propagation);
  return selected;
}

/** Deletes one stored object, or marks it while finalizers hold it. */
export function deleteStored(
  request: Pick<ApiRequest, "resource" | "state">,
  live: Stored,
  propagation: Propagation = "Background",
): Deletion {
  const { resource, state } = request;
  const { metadata } = live.object;
  const { namespace = "", name = "" } = metadata;
  const finalize = resource.rules.finalize?.(live.object) ?? live.object;
  const finalizers = finalizersFor(metadata.finalizers ?? [], propagation);
  if (finalizers.length === 0 && finalize === live.object) {
    return { object: resource.store.remove(namespace, name, live.object).object, gone: true };
  }
  const isMarked = metadata.deletionTimestamp !== undefined;
  if (isMarked && finalizers.length === (metadata.finalizers?.length ?? 0))
    return { object: live.object, gone: false };
  const { finalizers: _old, ...kept } = metadata;
  const marked = {
    ...finalize,
    metadata: {
      ...kept,
      ...(finalizers.length > 0 && { finalizers }),
      ...(metadata.generation !== undefined && !isMarked && { generation: metadata.generation + 1 }),
      deletionTimestamp: metadata.deletionTimestamp ?? state.now(),
      ...(finalize === live.object && { deletionGracePeriodSeconds: 0 }),
    },
  };
  return { object: resource.store.put(namespace, name, marked).object, gone: false };
}

function finalizersFor(finalizers: readonly string[], propagation: Propagation): readonly string[] {
  const wanted = WAITING[propagation];
  const policies = Object.values(WAITING);
  const others = finalizers.filter((finalizer) => !policies.includes(finalizer));
  return wanted === undefined ? others : [...others, wanted];
}

function checkPreconditions({ resource, info }: ApiRequest, live: Stored, options: DeleteOptions): void {
  const { uid, resourceVersion } = live.object.metadata;
  const kind = { group: resource.group, resource: resource.kind };
  if (options.uid !== undefined && options.uid !== uid) {
    const why = `the UID in the precondition (${options.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`;
    throw conflict(kind, info.name, why);
  }
  if (options.resourceVersion !== undefined && options.resourceVersion !== resourceVersion) {
    const why = `the ResourceVersion in the precondition (${options.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`;
    throw conflict(kind, info.name, why);
  }
}
