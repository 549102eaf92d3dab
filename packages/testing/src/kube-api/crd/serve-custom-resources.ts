import { CLEANUP_FINALIZER } from "../builtins/custom-resource-definitions.ts";
import { arrayAt, deepEqual, isObject, type JsonObject, stringAt } from "../json.ts";
import type { KubeObject } from "../kube-object.ts";
import type { Resource } from "../registry/resource.ts";
import { applyDefaults } from "../schema/default.ts";
import { prune } from "../schema/prune.ts";
import type { ServerState } from "../server-state.ts";
import type { ResourceStore } from "../store/resource-store.ts";
import { deleteStored } from "../verbs/delete.ts";
import { customResource } from "./custom-resource.ts";

/**
 * The controllers behind CustomResourceDefinitions: serves what a definition defines, marks it Established, and deletes
 * its objects before the definition goes. Runs right after the write that it reacts to.
 */
export function serveCustomResources(
  state: ServerState,
  definitions: Resource,
  newStore: () => ResourceStore,
): void {
  const stores = new Map<string, ResourceStore>();
  definitions.store.subscribe(({ type, current: { object: crd } }) => {
    const name = crd.metadata.name ?? "";
    const group = stringAt(crd, "spec", "group") ?? "";
    const plural = stringAt(crd, "spec", "names", "plural") ?? "";
    if (type === "DELETED") {
      stores.delete(name);
      state.registry.unregister(group, plural);
      for (const { end } of state.watches.matching({ group, resource: plural })) end();
      return;
    }
    const store = stores.get(name) ?? newStore();
    stores.set(name, store);
    const resource = customResource(crd, store);
    state.registry.register(resource);
    const { schema } = resource.storageVersion;
    store.reread((object) => applyDefaults(prune(object, schema).value, schema));
    // Another listener of the same event must see it before the change that follows from it.
    queueMicrotask(() => {
      const live = definitions.store.get("", name)?.object;
      if (!live) return;
      if (live.metadata.deletionTimestamp !== undefined) cleanUp(state, definitions, resource, live);
      else establish(state, definitions, live);
    });
  });
}

function establish(state: ServerState, definitions: Resource, crd: KubeObject): void {
  const lastTransitionTime = state.now();
  const accepted = isObject(crd.spec) && isObject(crd.spec.names) ? crd.spec.names : {};
  const status: JsonObject = isObject(crd.status) ? crd.status : {};
  const given = arrayAt(status, "conditions").filter(isObject);
  const condition = (type: string, reason: string, message: string) =>
    given.find((existing) => existing.type === type) ?? {
      type,
      status: "True",
      lastTransitionTime,
      reason,
      message,
    };
  const next = {
    ...status,
    conditions: [
      condition("NamesAccepted", "NoConflicts", "no conflicts found"),
      condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
      ...given.filter(({ type }) => type !== "NamesAccepted" && type !== "Established"),
    ],
    acceptedNames: accepted,
  };
  const finalizers = [...new Set([...(crd.metadata.finalizers ?? []), CLEANUP_FINALIZER])];
  if (deepEqual(next, status) && deepEqual(finalizers, crd.metadata.finalizers)) return;
  definitions.store.put("", crd.metadata.name ?? "", {
    ...crd,
    metadata: { ...crd.metadata, finalizers },
    status: next,
  });
}

function cleanUp(state: ServerState, definitions: Resource, resource: Resource, crd: KubeObject): void {
  for (const stored of resource.store.list()) deleteStored({ resource, state }, stored);
  const finish = () => {
    if (resource.store.size > 0) return;
    const live = definitions.store.get("", crd.metadata.name ?? "")?.object;
    const finalizers =
      live?.metadata.finalizers?.filter((finalizer) => finalizer !== CLEANUP_FINALIZER) ?? [];
    if (!live) return;
    const rest = { ...live, metadata: { ...live.metadata, finalizers } };
    if (finalizers.length === 0) definitions.store.remove("", live.metadata.name ?? "", rest);
    else if (finalizers.length < (live.metadata.finalizers?.length ?? 0))
      definitions.store.put("", live.metadata.name ?? "", rest);
  };
  const stop = resource.store.subscribe(() => {
    if (resource.store.size > 0) return;
    stop();
    queueMicrotask(finish);
  });
  if (resource.store.size === 0) {
    stop();
    finish();
  }
}
