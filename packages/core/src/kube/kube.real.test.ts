import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type ControlPlane, kubectl, startControlPlane } from "../../../../test/rigs/control-plane.ts";
import { CONTROL_PLANE, describeWithRigs } from "../../../../test/rigs/rigs.ts";
import { loadKubeConnection } from "../kubeconfig.ts";
import { applyStatus } from "./apply-status.ts";
import { type Thing, thingType } from "./collection-fixture.ts";
import { connectionTo } from "./connection.ts";
import { EventRecorder } from "./event-recorder.ts";
import { type InformerOptions, startInformer } from "./informer.ts";
import type { ListWatchTrouble } from "./list-watch.ts";
import { resourcePath } from "./resource-path.ts";
import { KubeTransport } from "./transport.ts";
import type { KubeObject } from "./types.ts";

const crd = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "things.example.com" },
  spec: {
    group: "example.com",
    scope: "Namespaced",
    names: { kind: "Thing", plural: "things", singular: "thing" },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        subresources: { status: {} },
        selectableFields: [{ jsonPath: ".spec.color" }],
        schema: {
          openAPIV3Schema: {
            type: "object",
            properties: {
              spec: { type: "object", properties: { color: { type: "string" }, size: { type: "string" } } },
              status: { type: "object", properties: { phase: { type: "string" }, note: { type: "string" } } },
            },
          },
        },
      },
    ],
  },
};

describeWithRigs(CONTROL_PLANE, "the Kubernetes side on a real kube-apiserver", () => {
  let plane: ControlPlane;
  let transport: KubeTransport;
  const things = resourcePath(thingType, { namespace: "default" });
  const create = (name: string, spec = {}) =>
    transport.request<Thing>({
      method: "POST",
      path: things,
      body: { apiVersion: "example.com/v1", kind: "Thing", metadata: { name }, spec },
    });
  const remove = (name: string) => transport.request({ method: "DELETE", path: `${things}/${name}` });

  beforeAll(async () => {
    plane = await startControlPlane();
    const connection = connectionTo({ server: plane.url, ca: plane.caPem, token: plane.adminToken });
    transport = new KubeTransport({ connection, userAgent: "countersign-test" });
    await transport.request({
      method: "POST",
      path: "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
      body: crd,
    });
    await vi.waitFor(() => transport.request({ path: things }), { timeout: 20_000, interval: 100 });
  });
  afterAll(async () => {
    transport?.close();
    await plane?.stop();
  });

  function inform(options: Partial<InformerOptions<Thing>> = {}) {
    const troubles: ListWatchTrouble[] = [];
    const informer = startInformer<Thing>({
      transport,
      type: thingType,
      onTrouble: (trouble) => troubles.push(trouble),
      ...options,
    });
    return { ...informer, store: informer.store, stop: informer.stop, troubles };
  }

  test("a kubeconfig leads to the server", async () => {
    const connection = await loadKubeConnection({ file: plane.kubeconfigPath, env: {} });
    const viaFile = new KubeTransport({ connection, userAgent: "t" });
    expect(await viaFile.request({ path: "/version" })).toMatchObject({ major: "1" });
    viaFile.close();
  });

  test("errors carry the server's reason and details", async () => {
    await expect(transport.request({ path: `${things}/nobody` })).rejects.toMatchObject({
      status: 404,
      reason: "NotFound",
      message: 'things.example.com "nobody" not found',
      details: { name: "nobody", group: "example.com", kind: "things" },
    });
  });

  test("lists in pages and follows changes", async () => {
    for (let i = 0; i < 7; i += 1) await create(`page-${i}`);
    const { store, synced, stop, troubles } = inform({ timing: { pageSize: 3 }, namespace: "default" });
    await synced;
    expect(store.size).toBe(7);
    expect(store.get("default/page-0")).toMatchObject({ apiVersion: "example.com/v1", kind: "Thing" });
    await create("later");
    await expect.poll(() => store.get("default/later")).toBeDefined();
    for (const name of [...Array(7).keys()].map((i) => `page-${i}`)) await remove(name);
    await remove("later");
    await expect.poll(() => store.size).toBe(0);
    expect(troubles).toEqual([]);
    await stop();
  });

  test("a selectable field selects at the server, and an object that changes out of the selection is removed", async () => {
    await create("red", { color: "red" });
    await create("blue", { color: "blue" });
    const told: Error[] = [];
    const { store, synced, stop } = inform({
      fieldSelector: "spec.color=red",
      onUnfiltered: (error) => told.push(error),
    });
    await synced;
    expect(store.list().map(({ metadata }) => metadata.name)).toEqual(["red"]);
    await transport.request({
      method: "PATCH",
      path: `${things}/red`,
      contentType: "application/merge-patch+json",
      body: { spec: { color: "blue" } },
    });
    await expect.poll(() => store.size).toBe(0);
    expect(told).toEqual([]);
    await stop();
    await remove("red");
    await remove("blue");
  });

  test("a field that is not selectable makes it read everything and filter itself", async () => {
    await create("small", { size: "s" });
    await create("large", { size: "l" });
    const told: Error[] = [];
    const { store, synced, stop, troubles } = inform({
      fieldSelector: "spec.size=s",
      matches: ({ spec }) => spec !== undefined && "size" in spec && spec.size === "s",
      onUnfiltered: (error) => told.push(error),
    });
    await synced;
    expect(store.list().map(({ metadata }) => metadata.name)).toEqual(["small"]);
    expect(told).toHaveLength(1);
    expect(troubles).toEqual([]);
    await stop();
    await remove("small");
    await remove("large");
  });

  test("an API server that is killed and restarts is watched again, and nothing is missed", async () => {
    const { store, synced, stop } = inform();
    await synced;
    await plane.stopApiServer("SIGKILL");
    await sleep(500);
    await plane.startApiServer();
    await create("after-restart");
    await expect.poll(() => store.get("default/after-restart"), { timeout: 40_000 }).toBeDefined();
    await stop();
    await remove("after-restart");
  });

  test("a CRD that comes later is waited for", async () => {
    const type = { ...thingType, kind: "Late", plural: "lates" };
    const informer = startInformer<KubeObject>({ transport, type });
    await expect.poll(() => informer.lastError).toMatchObject({ status: 404 });
    const names = { kind: "Late", plural: "lates", singular: "late" };
    await transport.request({
      method: "POST",
      path: "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
      body: { ...crd, metadata: { name: "lates.example.com" }, spec: { ...crd.spec, names } },
    });
    await informer.synced;
    expect(informer.lastError).toBeUndefined();
    await informer.stop();
  });

  test("a status is applied with the fields of its manager only", async () => {
    const object = await create("applied");
    const apply = (status: object, fieldManager: string) =>
      applyStatus<Thing & { status: object }>(transport, {
        type: thingType,
        object,
        status,
        fieldManager,
        signal: AbortSignal.timeout(10_000),
      });
    await apply({ note: "of another" }, "another");
    expect((await apply({ phase: "Done" }, "ours"))?.status).toEqual({ note: "of another", phase: "Done" });
    expect((await apply({}, "ours"))?.status).toEqual({ note: "of another" });
    await remove("applied");
  });

  test("a status of an object that is gone, or replaced by one of the same name, is written nowhere", async () => {
    const object = await create("gone");
    await remove("gone");
    const apply = () =>
      applyStatus(transport, {
        type: thingType,
        object,
        status: { phase: "Done" },
        fieldManager: "ours",
        signal: AbortSignal.timeout(10_000),
      });
    expect(await apply()).toBeUndefined();
    await create("gone");
    expect(await apply()).toBeUndefined();
    expect(await transport.request({ path: `${things}/gone` })).not.toHaveProperty("status");
    await remove("gone");
  });

  test("events appear in kubectl, with their series", async () => {
    const object = await create("eventful");
    const drops: unknown[] = [];
    const recorder = new EventRecorder({
      transport,
      reportingController: "acme.example.com/issuer",
      reportingInstance: "pod-1",
      onDrop: (...drop) => drops.push(drop),
      limits: { rewriteMs: 100 },
    });
    const what = { type: "Warning", reason: "RetryableError", action: "SyncFailed" } as const;
    recorder.record(object, { ...what, note: `${"x".repeat(2_000)}` });
    recorder.record(object, { ...what, note: "PKI is down" });
    await expect.poll(() => recorder.busy || recorder.pending).toBe(0);
    for (let i = 0; i < 4; i += 1) recorder.record(object, { ...what, note: "PKI is down" });
    const clusterScoped = await transport.request<KubeObject>({ path: "/api/v1/namespaces/default" });
    recorder.record(clusterScoped, { ...what, type: "Normal", note: "cluster-scoped" });
    await recorder.stop();
    expect(drops).toEqual([]);
    const text = await kubectl(plane, "events", "--for", "thing/eventful", "-o", "json");
    const { items } = JSON.parse(text) as { items: { message: string; series?: { count: number } }[] };
    expect(items.find(({ message }) => message === "PKI is down")?.series?.count).toBe(5);
    expect(items).toHaveLength(2);
    await remove("eventful");
  });
});
