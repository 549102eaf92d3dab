import { expect } from "vitest";
import { contractArea, contractCase } from "../contract-case.ts";
import { status } from "../status.ts";

const stale = (resource: string) =>
  `Operation cannot be fulfilled on ${resource} "a": the object has been modified; ` +
  "please apply your changes to the latest version and try again";

export const updateCases = contractArea("update", [
  contractCase("replaces the object and moves resourceVersion on", async (t) => {
    const created = await t.created(t.widgets(), t.widget("a", { size: 1, url: "https://one" }));
    const answer = await t.admin.put(t.widgets("a"), { ...created, spec: { size: 2 } });
    expect(answer.status).toBe(200);
    expect(answer.object.spec).toEqual({ mode: "slow", size: 2 });
    expect(answer.object.metadata.uid).toBe(created.metadata.uid);
    expect(answer.object.metadata.resourceVersion).not.toBe(created.metadata.resourceVersion);
  }),

  contractCase("refuses a stale resourceVersion of a custom resource with Conflict", async (t) => {
    const created = await t.created(t.widgets(), t.widget("a", { size: 1 }));
    await t.admin.put(t.widgets("a"), { ...created, spec: { size: 2 } });
    const answer = await t.admin.put(t.widgets("a"), { ...created, spec: { size: 3 } });
    expect(answer.body).toEqual(
      status(409, "Conflict", stale("widgets.contract.countersign.dev"), {
        name: "a",
        group: "contract.countersign.dev",
        kind: "widgets",
      }),
    );
  }),

  contractCase("refuses a stale resourceVersion of a built-in resource with Conflict", async (t) => {
    const created = await t.created(t.configMaps(), { metadata: { name: "a" } });
    await t.admin.put(t.configMaps("a"), { ...created, data: { key: "1" } });
    const answer = await t.admin.put(t.configMaps("a"), { ...created, data: { key: "2" } });
    expect(answer.body).toEqual(
      status(409, "Conflict", stale("configmaps"), { name: "a", kind: "configmaps" }),
    );
  }),

  contractCase("requires a resourceVersion of a custom resource", async (t) => {
    await t.created(t.widgets(), t.widget("a", {}));
    const answer = await t.admin.put(t.widgets("a"), t.widget("a", { size: 2 }));
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({
      reason: "Invalid",
      message:
        'widgets.contract.countersign.dev "a" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update',
      details: { causes: [{ reason: "FieldValueInvalid", field: "metadata.resourceVersion" }] },
    });
  }),

  contractCase("needs no resourceVersion of a built-in resource", async (t) => {
    await t.created(t.configMaps(), { metadata: { name: "a" }, data: { key: "1" } });
    const answer = await t.admin.put(t.configMaps("a"), { metadata: { name: "a" }, data: { other: "2" } });
    expect(answer.object.data).toEqual({ other: "2" });
  }),

  contractCase("keeps resourceVersion and writer's time when nothing changes", async (t) => {
    const created = await t.created(t.widgets(), t.widget("a", { size: 1 }));
    const answer = await t.admin.put(t.widgets("a"), created);
    expect(answer.status).toBe(200);
    expect(answer.object).toEqual(created);
  }),

  contractCase("bumps generation for spec only", async (t) => {
    const created = await t.created(t.widgets(), t.widget("a", { size: 1 }));
    const labels = { app: "x" };
    const labelled = (
      await t.admin.put(t.widgets("a"), { ...created, metadata: { ...created.metadata, labels } })
    ).object;
    expect(labelled.metadata.generation).toBe(1);
    const resized = (await t.admin.put(t.widgets("a"), { ...labelled, spec: { size: 2 } })).object;
    expect(resized.metadata.generation).toBe(2);
    expect(resized.metadata.labels).toEqual(labels);
  }),

  contractCase("keeps creation time, uid and generation whatever the client sends", async (t) => {
    const created = await t.created(t.widgets(), t.widget("a", {}));
    const metadata = {
      ...created.metadata,
      creationTimestamp: "2001-01-01T00:00:00Z",
      generation: 40,
      labels: { app: "x" },
    };
    const updated = (await t.admin.put(t.widgets("a"), { ...created, metadata })).object;
    expect(updated.metadata.creationTimestamp).toBe(created.metadata.creationTimestamp);
    expect(updated.metadata.generation).toBe(1);
    expect(updated.metadata.labels).toEqual({ app: "x" });
  }),

  contractCase("refuses a uid that is not the object's", async (t) => {
    const created = await t.created(t.widgets(), t.widget("a", {}));
    const uid = "11111111-2222-3333-4444-555555555555";
    const answer = await t.admin.put(t.widgets("a"), { ...created, metadata: { ...created.metadata, uid } });
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({
      reason: "Conflict",
      message:
        'Operation cannot be fulfilled on widgets.contract.countersign.dev "a": StorageError: invalid object, Code: 4, ' +
        `Key: /registry/contract.countersign.dev/widgets/${t.namespace}/a, ResourceVersion: 0, AdditionalErrorMsg: ` +
        `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${created.metadata.uid}`,
    });
  }),

  contractCase("refuses a name in the body that is not the one in the path", async (t) => {
    const created = await t.created(t.widgets(), t.widget("a", {}));
    const answer = await t.admin.put(t.widgets("a"), {
      ...created,
      metadata: { ...created.metadata, name: "b" },
    });
    expect(answer.body).toEqual(
      status(400, "BadRequest", "the name of the object (b) does not match the name on the URL (a)"),
    );
  }),

  contractCase("answers 404 for an object that does not exist", async (t) => {
    const answer = await t.admin.put(t.widgets("a"), t.widget("a", {}));
    expect(answer.status).toBe(404);
    expect(answer.body).toMatchObject({ reason: "NotFound", details: { name: "a", kind: "widgets" } });
  }),

  contractCase("refuses another object that took the name, by uid", async (t) => {
    const old = await t.created(t.configMaps(), { metadata: { name: "a" } });
    await t.admin.delete(t.configMaps("a"));
    await t.created(t.configMaps(), { metadata: { name: "a" } });
    const { resourceVersion: _, ...metadata } = old.metadata;
    const answer = await t.admin.put(t.configMaps("a"), { ...old, metadata, data: { key: "1" } });
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({ reason: "Conflict" });
  }),

  contractCase("never moves labels the client left out, on update", async (t) => {
    const metadata = { name: "a", labels: { app: "x" }, annotations: { note: "y" } };
    const created = await t.created(t.widgets(), { ...t.widget("a", {}), metadata });
    const { resourceVersion } = created.metadata;
    const bare = { ...t.widget("a", {}), metadata: { name: "a", resourceVersion } };
    const updated = (await t.admin.put(t.widgets("a"), bare)).object;
    expect(updated.metadata.labels).toBeUndefined();
    expect(updated.metadata.annotations).toBeUndefined();
  }),

  contractCase("lets exactly one of ten concurrent writers of one version win", async (t) => {
    const created = await t.created(t.widgets(), t.widget("a", { size: 1 }));
    const { unrecorded } = t.admin;
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        unrecorded.put(t.widgets("a"), { ...created, spec: { size: index + 2 } }),
      ),
    );
    const codes = answers.map((answer) => answer.status).toSorted();
    expect(codes).toEqual([200, ...Array.from({ length: 9 }, () => 409)]);
  }),
]);
