import { expect } from "vitest";
import { contractArea, contractCase } from "../contract-case.ts";
import { clusterPath } from "../paths.ts";

const ready = { type: "Ready", status: "True", reason: "Issued" };

export const statusCases = contractArea("status subresource", [
  contractCase("drops status on create", async (t) => {
    const widget = await t.created(t.widgets(), t.widget("a", {}, { status: { phase: "x" } }));
    expect(widget).not.toHaveProperty("status");
  }),

  contractCase("ignores status on the plain endpoint, in PUT and in PATCH", async (t) => {
    await t.created(t.widgets(), t.widget("a", { size: 1 }));
    const withStatus = (await t.admin.patch(t.widgets("a", "status"), "merge", { status: { phase: "kept" } }))
      .object;
    const put = await t.admin.put(t.widgets("a"), {
      ...withStatus,
      spec: { size: 2 },
      status: { phase: "x" },
    });
    expect(put.object).toMatchObject({ spec: { size: 2 }, status: { phase: "kept" } });
    const patched = await t.admin.patch(t.widgets("a"), "merge", { status: { phase: "y" } });
    expect(patched.object).toMatchObject({ status: { phase: "kept" } });
    expect(patched.object.metadata.resourceVersion).toBe(put.object.metadata.resourceVersion);
  }),

  contractCase("ignores spec, labels and annotations on /status of a custom resource", async (t) => {
    const created = await t.created(t.widgets(), t.widget("a", { size: 1 }));
    const metadata = { ...created.metadata, labels: { app: "x" }, annotations: { note: "y" } };
    const body = { ...created, metadata, spec: { size: 9 }, status: { phase: "x" } };
    const updated = (await t.admin.put(t.widgets("a", "status"), body)).object;
    expect(updated).toMatchObject({ spec: { size: 1 }, status: { phase: "x" } });
    expect(updated.metadata.labels).toBeUndefined();
    expect(updated.metadata.annotations).toBeUndefined();
  }),

  contractCase("keeps generation when status changes", async (t) => {
    await t.created(t.widgets(), t.widget("a", { size: 1 }));
    const updated = await t.admin.patch(t.widgets("a", "status"), "merge", { status: { phase: "x" } });
    expect(updated.object.metadata.generation).toBe(1);
  }),

  contractCase("reads the whole object from /status", async (t) => {
    const created = await t.created(t.widgets(), t.widget("a", { size: 1 }));
    expect((await t.admin.get(t.widgets("a", "status"))).object).toEqual(created);
  }),

  contractCase("marks the writer of /status in managedFields with the subresource", async (t) => {
    await t.created(t.widgets(), t.widget("a", { size: 1 }));
    const updated = await t.admin.patch(
      t.widgets("a", "status"),
      "merge",
      { status: { conditions: [ready] } },
      { fieldManager: "signer" },
    );
    expect(updated.object.metadata.managedFields).toContainEqual(
      expect.objectContaining({
        manager: "signer",
        operation: "Update",
        subresource: "status",
        fieldsV1: {
          "f:status": {
            ".": {},
            "f:conditions": {
              ".": {},
              'k:{"type":"Ready"}': { ".": {}, "f:type": {}, "f:status": {}, "f:reason": {} },
            },
          },
        },
      }),
    );
  }),

  contractCase("removes status when /status is PUT without it", async (t) => {
    await t.created(t.widgets(), t.widget("a", {}));
    const set = await t.admin.patch(t.widgets("a", "status"), "merge", { status: { phase: "x" } });
    const { status: _, ...bare } = set.object;
    const updated = await t.admin.put(t.widgets("a", "status"), bare);
    expect(updated.object).not.toHaveProperty("status");
  }),

  contractCase("refuses a stale resourceVersion on /status", async (t) => {
    const created = await t.created(t.widgets(), t.widget("a", { size: 1 }));
    await t.admin.patch(t.widgets("a"), "merge", { spec: { size: 2 } });
    const answer = await t.admin.put(t.widgets("a", "status"), { ...created, status: { phase: "x" } });
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({ reason: "Conflict" });
  }),

  contractCase("refuses two conditions of one type", async (t) => {
    await t.created(t.widgets(), t.widget("a", {}));
    const answer = await t.admin.patch(t.widgets("a", "status"), "merge", {
      status: { conditions: [ready, { ...ready, status: "False" }] },
    });
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({
      details: {
        causes: [
          {
            reason: "FieldValueDuplicate",
            field: "status.conditions[1]",
            message: 'Duplicate value: {"type":"Ready"}',
          },
        ],
      },
    });
  }),

  contractCase(
    "answers 404 for /status of a resource that declares none, where status is a plain field",
    async (t) => {
      const name = t.unique("plan");
      const blueprints = clusterPath("contract.countersign.dev/v1", "blueprints");
      const body = {
        apiVersion: "contract.countersign.dev/v1",
        kind: "Blueprint",
        metadata: { name },
        status: { phase: "x" },
      };
      expect(await t.created(blueprints, body)).toMatchObject({ status: { phase: "x" } });
      const patched = await t.admin.patch(`${blueprints}/${name}`, "merge", { status: { phase: "y" } });
      expect(patched.object).toMatchObject({ status: { phase: "y" }, metadata: { generation: 2 } });
      const answer = await t.admin.get(`${blueprints}/${name}/status`);
      expect(answer.status).toBe(404);
    },
  ),
]);
