import { expect } from "vitest";
import { contractArea, contractCase } from "../contract-case.ts";
import { status } from "../status.ts";

const finalizers = ["example.com/hold"];

export const deleteCases = contractArea("delete", [
  contractCase("answers with a Success that names what went", async (t) => {
    const created = await t.created(t.widgets(), t.widget("a", {}));
    const answer = await t.admin.delete(t.widgets("a"));
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Success",
      details: { name: "a", group: "contract.countersign.dev", kind: "widgets", uid: created.metadata.uid },
    });
    expect((await t.admin.get(t.widgets("a"))).status).toBe(404);
  }),

  contractCase("answers 404 where there is nothing", async (t) => {
    const answer = await t.admin.delete(t.configMaps("a"));
    expect(answer.body).toEqual(
      status(404, "NotFound", 'configmaps "a" not found', { name: "a", kind: "configmaps" }),
    );
  }),

  contractCase("frees the name: the next object has another uid", async (t) => {
    const first = await t.created(t.configMaps(), { metadata: { name: "a" } });
    await t.admin.delete(t.configMaps("a"));
    const second = await t.created(t.configMaps(), { metadata: { name: "a" } });
    expect(second.metadata.uid).not.toBe(first.metadata.uid);
  }),

  contractCase("waits for finalizers: marks once, then removes with the last", async (t) => {
    await t.created(t.widgets(), { ...t.widget("a", {}), metadata: { name: "a", finalizers } });
    const marked = (await t.admin.delete(t.widgets("a"))).object;
    expect(marked).toMatchObject({
      kind: "Widget",
      metadata: { finalizers, deletionGracePeriodSeconds: 0, generation: 2 },
    });
    const again = (await t.admin.delete(t.widgets("a"))).object;
    expect(again).toEqual(marked);
    const last = await t.admin.patch(t.widgets("a"), "merge", { metadata: { finalizers: null } });
    expect(last.object.metadata.deletionTimestamp).toBe(marked.metadata.deletionTimestamp);
    expect((await t.admin.get(t.widgets("a"))).status).toBe(404);
  }),

  contractCase("lets a marked object still change, but take no new finalizer", async (t) => {
    await t.created(t.widgets(), { ...t.widget("a", {}), metadata: { name: "a", finalizers } });
    await t.admin.delete(t.widgets("a"));
    const changed = await t.admin.patch(t.widgets("a"), "merge", { spec: { size: 2 } });
    expect(changed.object.spec).toMatchObject({ size: 2 });
    const status = await t.admin.patch(t.widgets("a", "status"), "merge", { status: { phase: "going" } });
    expect(status.status).toBe(200);
    const answer = await t.admin.patch(t.widgets("a"), "merge", {
      metadata: { finalizers: [...finalizers, "example.com/more"] },
    });
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({
      message: expect.stringContaining(
        "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted",
      ),
    });
  }),

  contractCase("refuses to create over an object that is marked", async (t) => {
    await t.created(t.widgets(), { ...t.widget("a", {}), metadata: { name: "a", finalizers } });
    await t.admin.delete(t.widgets("a"));
    const answer = await t.admin.create(t.widgets(), t.widget("a", {}));
    expect(answer.body).toMatchObject({
      code: 409,
      reason: "AlreadyExists",
      message: 'object is being deleted: widgets.contract.countersign.dev "a" already exists',
    });
  }),

  contractCase("takes a uid and a resourceVersion as preconditions", async (t) => {
    const created = await t.created(t.widgets(), t.widget("a", {}));
    const wrong = "11111111-2222-3333-4444-555555555555";
    const uid = await t.admin.delete(t.widgets("a"), { preconditions: { uid: wrong } });
    expect(uid.body).toEqual(
      status(
        409,
        "Conflict",
        `Operation cannot be fulfilled on Widget.contract.countersign.dev "a": the UID in the precondition (${wrong}) ` +
          `does not match the UID in record (${created.metadata.uid}). The object might have been deleted and then recreated`,
        { name: "a", group: "contract.countersign.dev", kind: "Widget" },
      ),
    );
    const version = await t.admin.delete(t.widgets("a"), { preconditions: { resourceVersion: "1" } });
    expect(version.status).toBe(409);
    expect(version.body).toMatchObject({
      reason: "Conflict",
      message: expect.stringContaining("the ResourceVersion in the precondition (1) does not match"),
    });
    const right = { uid: created.metadata.uid, resourceVersion: created.metadata.resourceVersion };
    expect((await t.admin.delete(t.widgets("a"), { preconditions: right })).status).toBe(200);
  }),

  contractCase("holds the object for its dependents under Foreground and Orphan", async (t) => {
    for (const [name, propagationPolicy, finalizer] of [
      ["a", "Foreground", "foregroundDeletion"],
      ["b", "Orphan", "orphan"],
    ] as const) {
      await t.created(t.configMaps(), { metadata: { name } });
      const answer = await t.admin.delete(t.configMaps(name), { propagationPolicy });
      expect(answer.object.metadata.finalizers).toEqual([finalizer]);
      expect(answer.object.metadata.deletionTimestamp).toBeDefined();
    }
  }),

  contractCase("takes the propagation policy from the query too, and refuses an unknown one", async (t) => {
    await t.created(t.configMaps(), { metadata: { name: "a" } });
    const odd = await t.admin.delete(t.configMaps("a"), { propagationPolicy: "Odd" });
    expect(odd.status).toBe(422);
    expect(odd.body).toMatchObject({
      details: { causes: [{ reason: "FieldValueNotSupported", field: "propagationPolicy" }] },
    });
    const answer = await t.admin.delete(t.configMaps("a"), undefined, { propagationPolicy: "Background" });
    expect(answer.body).toMatchObject({ status: "Success" });
  }),

  contractCase("refuses to take the namespaces that every cluster has", async (t) => {
    for (const name of ["default", "kube-system"]) {
      const answer = await t.admin.delete(`/api/v1/namespaces/${name}`);
      expect(answer.body).toEqual(
        status(403, "Forbidden", `namespaces "${name}" is forbidden: this namespace may not be deleted`, {
          name,
          kind: "namespaces",
        }),
      );
    }
  }),

  contractCase("marks a namespace Terminating, in which nothing new begins", async (t) => {
    const name = t.unique("going");
    await t.created("/api/v1/namespaces", { metadata: { name } });
    const marked = await t.admin.delete(`/api/v1/namespaces/${name}`);
    expect(marked.object).toMatchObject({
      spec: { finalizers: ["kubernetes"] },
      status: { phase: "Terminating" },
    });
    const path = `/api/v1/namespaces/${name}/configmaps`;
    const answer = await t.eventually(
      () => t.admin.unrecorded.create(path, { metadata: { generateName: "late-" } }),
      (reply) => reply.status !== 201,
    );
    expect([403, 404]).toContain(answer.status);
  }),
]);
