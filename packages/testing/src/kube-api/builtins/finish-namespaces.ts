import type { Resource } from "../registry/resource.ts";
import type { ServerState } from "../server-state.ts";
import { deleteStored } from "../verbs/delete.ts";

/**
 * The namespace controller: empties a namespace that is being deleted, and removes it once nothing is left in it.
 * Objects with finalizers hold it up.
 */
export function finishNamespaces(state: ServerState, namespaces: Resource): void {
  const finish = (name: string) => {
    const live = namespaces.store.get("", name)?.object;
    if (live?.metadata.deletionTimestamp === undefined) return;
    const inside = state.registry.all().filter(({ namespaced }) => namespaced);
    for (const resource of inside) {
      for (const stored of resource.store.list(name)) deleteStored({ resource, state }, stored);
    }
    const waiting = inside.find(({ store }) => store.list(name).length > 0);
    if (waiting) {
      const stop = waiting.store.subscribe(({ type }) => {
        if (type !== "DELETED") return;
        stop();
        queueMicrotask(() => finish(name));
      });
      return;
    }
    namespaces.store.remove("", name, { ...live, spec: {} });
  };
  namespaces.store.subscribe(({ type, current: { object } }) => {
    if (type !== "DELETED" && object.metadata.deletionTimestamp !== undefined)
      queueMicrotask(() => finish(object.metadata.name ?? ""));
  });
}
