import { expect } from "vitest";
import { contractArea, contractCase } from "../contract-case.ts";

const dryRun = "All";

export const dryRunCases = contractArea("dry run", [
  contractCase("answers a create as if it had happened, and stores nothing", async (t) => {
    const answer = await t.admin.create(t.widgets(), t.widget("a", { size: 1 }), { dryRun });
    expect(answer.status).toBe(201);
    expect(answer.object).toMatchObject({
      metadata: { name: "a", generation: 1 },
      spec: { mode: "slow", size: 1 },
    });
    expect(answer.object.metadata).not.toHaveProperty("resourceVersion");
    expect((await t.admin.get(t.widgets("a"))).status).toBe(404);
  }),

  contractCase("answers a patch with the change at the old resourceVersion", async (t) => {
    const created = await t.created(t.widgets(), t.widget("a", { size: 1 }));
    const answer = await t.admin.patch(t.widgets("a"), "merge", { spec: { size: 2 } }, { dryRun });
    expect(answer.object).toMatchObject({
      spec: { size: 2 },
      metadata: { generation: 2, resourceVersion: created.metadata.resourceVersion },
    });
    expect((await t.admin.get(t.widgets("a"))).object).toEqual(created);
  }),

  contractCase("answers a PUT and an apply of /status without storing them", async (t) => {
    const created = await t.created(t.widgets(), t.widget("a", { size: 1 }));
    const put = await t.admin.put(t.widgets("a"), { ...created, spec: { size: 3 } }, { dryRun });
    expect(put.object.spec).toMatchObject({ size: 3 });
    const body = { ...t.widget("a", undefined), status: { phase: "x" } };
    const query = { dryRun, fieldManager: "one" };
    const applied = await t.admin.patch(t.widgets("a", "status"), "apply", body, query);
    expect(applied.object.status).toEqual({ phase: "x" });
    expect((await t.admin.get(t.widgets("a"))).object).toEqual(created);
  }),

  contractCase("answers a delete and keeps the object, by query or by body", async (t) => {
    await t.created(t.widgets(), t.widget("a", {}));
    expect((await t.admin.delete(t.widgets("a"), undefined, { dryRun })).status).toBe(200);
    expect((await t.admin.delete(t.widgets("a"), { dryRun: [dryRun] })).status).toBe(200);
    expect((await t.admin.get(t.widgets("a"))).status).toBe(200);
  }),

  contractCase("still refuses what would fail", async (t) => {
    const invalid = await t.admin.create(t.widgets(), t.widget("a", { size: 0 }), { dryRun });
    expect(invalid.status).toBe(422);
    await t.created(t.widgets(), t.widget("a", {}));
    expect((await t.admin.create(t.widgets(), t.widget("a", {}), { dryRun })).status).toBe(409);
  }),

  contractCase("knows All only", async (t) => {
    const answer = await t.admin.create(t.widgets(), t.widget("a", {}), { dryRun: "Some" });
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({
      message:
        'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: supported values: "All"',
    });
  }),

  contractCase("is not seen by a watch", async (t) => {
    const { metadata } = (await t.admin.get(t.widgets())).list;
    const watch = await t.admin.watch(t.widgets(), { resourceVersion: metadata.resourceVersion });
    await t.admin.create(t.widgets(), t.widget("a", {}), { dryRun });
    await t.created(t.widgets(), t.widget("b", {}));
    expect((await watch.next()).object.metadata.name).toBe("b");
  }),
]);
