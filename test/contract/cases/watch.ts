import { expect } from "vitest";
import { contractArea, contractCase } from "../contract-case.ts";
import type { ContractContext } from "../contract-context.ts";
import type { WatchEvent } from "../watch-stream.ts";

const brief = (events: readonly WatchEvent[]) =>
  events.map(({ type, object }) => `${type} ${object.metadata.name}`);

/** Where a watch that must miss nothing after now starts. */
async function now(t: ContractContext, path: string): Promise<string> {
  return (await t.admin.get(path)).list.metadata.resourceVersion;
}

export const watchCases = contractArea("watch", [
  contractCase("streams every later change in order from a list's resourceVersion", async (t) => {
    await t.created(t.widgets(), t.widget("before", {}));
    const watch = await t.admin.watch(t.widgets(), { resourceVersion: await now(t, t.widgets()) });
    await t.created(t.widgets(), t.widget("a", { size: 1 }));
    await t.admin.patch(t.widgets("a"), "merge", { spec: { size: 2 } });
    await t.admin.patch(t.widgets("a", "status"), "merge", { status: { phase: "x" } });
    await t.admin.delete(t.widgets("a"));
    const events = await watch.take(4);
    expect(brief(events)).toEqual(["ADDED a", "MODIFIED a", "MODIFIED a", "DELETED a"]);
    expect(events[1]?.object).toMatchObject({ kind: "Widget", spec: { size: 2 } });
    const versions = events.map(({ object }) => BigInt(object.metadata.resourceVersion));
    expect(versions).toEqual(versions.toSorted((left, right) => (left < right ? -1 : 1)));
    expect(new Set(versions).size).toBe(4);
  }),

  contractCase("delivers on resumption exactly what came after the last event seen", async (t) => {
    const created = await t.created(t.widgets(), t.widget("a", { size: 1 }));
    await t.admin.patch(t.widgets("a"), "merge", { spec: { size: 2 } });
    await t.created(t.widgets(), t.widget("b", {}));
    const watch = await t.admin.watch(t.widgets(), { resourceVersion: created.metadata.resourceVersion });
    expect(brief(await watch.take(2))).toEqual(["MODIFIED a", "ADDED b"]);
  }),

  contractCase("begins with ADDED for what exists where resourceVersion is unset", async (t) => {
    await t.created(t.configMaps(), { metadata: { name: "b" } });
    await t.created(t.configMaps(), { metadata: { name: "a" } });
    const watch = await t.admin.watch(t.configMaps());
    const initial = await watch.take(2);
    expect(brief(initial).toSorted()).toEqual(["ADDED a", "ADDED b"]);
    expect(initial[0]?.object).toMatchObject({ apiVersion: "v1", kind: "ConfigMap" });
    await t.created(t.configMaps(), { metadata: { name: "c" } });
    expect(brief(await watch.take(1))).toEqual(["ADDED c"]);
  }),

  contractCase("begins with ADDED for what exists where resourceVersion is 0", async (t) => {
    await t.created(t.widgets(), t.widget("a", {}));
    const watch = await t.admin.watch(t.widgets(), { resourceVersion: "0" });
    expect(brief(await watch.take(1))).toEqual(["ADDED a"]);
  }),

  contractCase("shows the last state, at the deletion's resourceVersion, in DELETED", async (t) => {
    const created = await t.created(t.widgets(), t.widget("a", { size: 7 }));
    const watch = await t.admin.watch(t.widgets(), { resourceVersion: created.metadata.resourceVersion });
    await t.admin.delete(t.widgets("a"));
    const { type, object } = await watch.next();
    expect(type).toBe("DELETED");
    expect(object).toEqual({
      ...created,
      metadata: { ...created.metadata, resourceVersion: object.metadata.resourceVersion },
    });
    expect(BigInt(object.metadata.resourceVersion) > BigInt(created.metadata.resourceVersion)).toBe(true);
  }),

  contractCase("turns label changes into ADDED, MODIFIED and DELETED of the selection", async (t) => {
    await t.created(t.widgets(), t.widget("a", {}));
    const watch = await t.admin.watch(t.widgets(), {
      labelSelector: "app=x",
      resourceVersion: await now(t, t.widgets()),
    });
    await t.created(t.widgets(), t.widget("unseen", {}));
    const label = (app: string) => t.admin.patch(t.widgets("a"), "merge", { metadata: { labels: { app } } });
    await label("x");
    await t.admin.patch(t.widgets("a"), "merge", { spec: { size: 2 } });
    await label("y");
    await label("x");
    await t.admin.delete(t.widgets("a"));
    const events = await watch.take(5);
    expect(brief(events)).toEqual(["ADDED a", "MODIFIED a", "DELETED a", "ADDED a", "DELETED a"]);
    expect(events[2]?.object.metadata.labels).toEqual({ app: "x" });
  }),

  contractCase("turns changes of a selectable field into ADDED and DELETED of the selection", async (t) => {
    const watch = await t.admin.watch(t.widgets(), {
      fieldSelector: "spec.issuerRef.name=one",
      resourceVersion: await now(t, t.widgets()),
    });
    await t.created(t.widgets(), t.widget("a", { issuerRef: { name: "one" } }));
    await t.created(t.widgets(), t.widget("b", { issuerRef: { name: "two" } }));
    await t.admin.patch(t.widgets("a"), "merge", { spec: { issuerRef: { name: "two" } } });
    await t.admin.patch(t.widgets("b"), "merge", { spec: { issuerRef: { name: "one" } } });
    expect(brief(await watch.take(3))).toEqual(["ADDED a", "DELETED a", "ADDED b"]);
  }),

  contractCase("watches one object by metadata.name", async (t) => {
    const watch = await t.admin.watch(t.widgets(), {
      fieldSelector: "metadata.name=b",
      resourceVersion: await now(t, t.widgets()),
    });
    await t.created(t.widgets(), t.widget("a", {}));
    await t.created(t.widgets(), t.widget("b", {}));
    expect(brief(await watch.take(1))).toEqual(["ADDED b"]);
  }),

  contractCase("sees only its namespace", async (t) => {
    const other = t.unique("other");
    await t.created("/api/v1/namespaces", { metadata: { name: other } });
    const watch = await t.admin.watch(t.widgets(), { resourceVersion: await now(t, t.widgets()) });
    await t.created(t.widgets().replace(t.namespace, other), t.widget("a", {}));
    await t.created(t.widgets(), t.widget("b", {}));
    expect(brief(await watch.take(1))).toEqual(["ADDED b"]);
  }),

  contractCase("sees all namespaces where the path names none", async (t) => {
    const everywhere = "/apis/contract.countersign.dev/v1/widgets";
    const { list } = await t.admin.unrecorded.get(everywhere);
    const watch = await t.admin.watch(everywhere, {
      resourceVersion: list.metadata.resourceVersion,
      labelSelector: `case=${t.suffix}`,
    });
    const labels = { case: t.suffix };
    await t.created(t.widgets(), { ...t.widget("a", {}), metadata: { name: "a", labels } });
    expect((await watch.next()).object.metadata.namespace).toBe(t.namespace);
  }),

  contractCase("says nothing of a write that changed nothing", async (t) => {
    await t.created(t.widgets(), t.widget("a", { size: 1 }));
    const watch = await t.admin.watch(t.widgets(), { resourceVersion: await now(t, t.widgets()) });
    await t.admin.patch(t.widgets("a"), "merge", { spec: { size: 1 } });
    await t.created(t.widgets(), t.widget("b", {}));
    expect(brief(await watch.take(1))).toEqual(["ADDED b"]);
  }),

  contractCase("shows deletion behind a finalizer as MODIFIED, then DELETED", async (t) => {
    const metadata = { name: "a", finalizers: ["example.com/hold"] };
    await t.created(t.widgets(), { ...t.widget("a", {}), metadata });
    const watch = await t.admin.watch(t.widgets(), { resourceVersion: await now(t, t.widgets()) });
    await t.admin.delete(t.widgets("a"));
    const held = await watch.next();
    expect(held.type).toBe("MODIFIED");
    expect(held.object.metadata.deletionTimestamp).toBeDefined();
    await t.admin.patch(t.widgets("a"), "merge", { metadata: { finalizers: null } });
    expect(brief(await watch.take(1))).toEqual(["DELETED a"]);
  }),

  contractCase("refuses a bad selector before the stream begins", async (t) => {
    const field = await t.admin.get(t.widgets(), { watch: true, fieldSelector: "spec.size=1" });
    expect(field.status).toBe(400);
    const label = await t.admin.get(t.widgets(), { watch: true, labelSelector: "a in b" });
    expect(label.status).toBe(400);
  }),
]);
