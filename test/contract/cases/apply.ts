import { expect } from "vitest";
import { contractArea, contractCase } from "../contract-case.ts";
import type { ContractContext } from "../contract-context.ts";
import { status } from "../status.ts";

/** Applies a widget's spec as the manager. */
function apply(t: ContractContext, manager: string, spec: unknown, query = {}) {
  return t.admin.patch(t.widgets("a"), "apply", t.widget("a", spec), { fieldManager: manager, ...query });
}

/** The fields one manager owns of an answered object. */
function owned(answer: Awaited<ReturnType<typeof apply>>, manager: string, operation = "Apply"): unknown {
  const entries = answer.object.metadata.managedFields ?? [];
  return entries.find((entry) => entry.manager === manager && entry.operation === operation)?.fieldsV1;
}

export const applyCases = contractArea("server-side apply", [
  contractCase("creates the object, with 201, and owns what was sent but not the defaults", async (t) => {
    const answer = await apply(t, "one", { size: 1, steps: ["x"] });
    expect(answer.status).toBe(201);
    expect(answer.object.spec).toEqual({ mode: "slow", size: 1, steps: ["x"] });
    expect(answer.object.metadata.managedFields).toEqual([
      {
        manager: "one",
        operation: "Apply",
        apiVersion: "contract.countersign.dev/v1",
        time: answer.object.metadata.creationTimestamp,
        fieldsType: "FieldsV1",
        fieldsV1: { "f:spec": { "f:size": {}, "f:steps": {} } },
      },
    ]);
  }),

  contractCase("requires a field manager", async (t) => {
    const answer = await t.admin.patch(t.widgets("a"), "apply", t.widget("a", {}));
    const message = "Required value: is required for apply patch";
    expect(answer.body).toEqual(
      status(422, "Invalid", `PatchOptions.meta.k8s.io "" is invalid: fieldManager: ${message}`, {
        group: "meta.k8s.io",
        kind: "PatchOptions",
        causes: [{ reason: "FieldValueRequired", message, field: "fieldManager" }],
      }),
    );
  }),

  contractCase("refuses a field manager of more than 128 bytes", async (t) => {
    const answer = await apply(t, "m".repeat(129), {});
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({
      details: { causes: [{ reason: "FieldValueTooLong", field: "fieldManager" }] },
    });
  }),

  contractCase("refuses to change one field of another manager, naming manager and field", async (t) => {
    await apply(t, "one", { size: 1, code: "ok" });
    const answer = await apply(t, "two", { size: 2, code: "ok" });
    expect(answer.body).toEqual(
      status(409, "Conflict", 'Apply failed with 1 conflict: conflict with "one": .spec.size', {
        causes: [{ reason: "FieldManagerConflict", message: 'conflict with "one"', field: ".spec.size" }],
      }),
    );
  }),

  contractCase("lists every conflict, in order of the fields", async (t) => {
    await apply(t, "one", { size: 1, steps: ["a"] });
    const answer = await apply(t, "two", { size: 2, steps: ["b"] });
    const message = 'conflict with "one"';
    expect(answer.body).toEqual(
      status(
        409,
        "Conflict",
        'Apply failed with 2 conflicts: conflicts with "one":\n- .spec.size\n- .spec.steps',
        {
          causes: [
            { reason: "FieldManagerConflict", message, field: ".spec.size" },
            { reason: "FieldManagerConflict", message, field: ".spec.steps" },
          ],
        },
      ),
    );
  }),

  contractCase("says through which version and subresource the other manager wrote", async (t) => {
    await t.admin.create(t.widgets(), t.widget("a", { size: 1 }), { fieldManager: "other" });
    const answer = await apply(t, "two", { size: 2 });
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({
      message: expect.stringMatching(
        /^Apply failed with 1 conflict: conflict with "other" using contract\.countersign\.dev\/v1( at <?[^>]+>?)?: \.spec\.size$/,
      ),
    });
  }),

  contractCase("takes the field over by force, and from the other manager away", async (t) => {
    await apply(t, "one", { size: 1, code: "ok" });
    const answer = await apply(t, "two", { size: 2 }, { force: true });
    expect(answer.object.spec).toEqual({ mode: "slow", size: 2, code: "ok" });
    expect(owned(answer, "two")).toEqual({ "f:spec": { "f:size": {} } });
    expect(owned(answer, "one")).toEqual({ "f:spec": { "f:code": {} } });
  }),

  contractCase("shares a field that two managers apply with one value", async (t) => {
    await apply(t, "one", { size: 1 });
    const answer = await apply(t, "two", { size: 1, code: "ok" });
    expect(answer.status).toBe(200);
    expect(owned(answer, "one")).toEqual({ "f:spec": { "f:size": {} } });
    expect(owned(answer, "two")).toEqual({ "f:spec": { "f:code": {}, "f:size": {} } });
  }),

  contractCase("removes a field that its only owner no longer applies", async (t) => {
    await apply(t, "one", { size: 1, code: "ok", labels: { x: "1", y: "2" } });
    const answer = await apply(t, "one", { size: 1, labels: { x: "1" } });
    expect(answer.object.spec).toEqual({ mode: "slow", size: 1, labels: { x: "1" } });
    expect(owned(answer, "one")).toEqual({ "f:spec": { "f:size": {}, "f:labels": { "f:x": {} } } });
  }),

  contractCase("keeps a field that another owner still applies", async (t) => {
    await apply(t, "one", { size: 1, code: "ok" });
    await apply(t, "two", { code: "ok" });
    const answer = await apply(t, "one", { size: 1 });
    expect(answer.object.spec).toMatchObject({ code: "ok" });
    expect(owned(answer, "two")).toEqual({ "f:spec": { "f:code": {} } });
  }),

  contractCase("changes neither resourceVersion nor managedFields when applied again", async (t) => {
    const first = await apply(t, "one", { size: 1, labels: { x: "1" } });
    const again = await apply(t, "one", { size: 1, labels: { x: "1" } });
    expect(again.status).toBe(200);
    expect(again.object).toEqual(first.object);
  }),

  contractCase("bumps generation when spec changes only", async (t) => {
    await apply(t, "one", { size: 1 });
    const two = await apply(t, "two", { size: 1 });
    expect(two.object.metadata.generation).toBe(1);
    const changed = await apply(t, "one", { size: 2 }, { force: true });
    expect(changed.object.metadata.generation).toBe(2);
  }),

  contractCase("owns an atomic list whole and a set item by item", async (t) => {
    await apply(t, "one", { steps: ["a", "b"], tags: ["x"] });
    const answer = await apply(t, "two", { tags: ["y"] });
    expect(answer.object.spec).toMatchObject({ steps: ["a", "b"], tags: ["x", "y"] });
    expect(owned(answer, "one")).toEqual({ "f:spec": { "f:steps": {}, "f:tags": { 'v:"x"': {} } } });
    expect(owned(answer, "two")).toEqual({ "f:spec": { "f:tags": { 'v:"y"': {} } } });
    const replaced = await apply(t, "one", { steps: ["b"] });
    expect(replaced.object.spec).toMatchObject({ steps: ["b"], tags: ["y"] });
  }),

  contractCase("owns the leaves of free-form and of keyed objects", async (t) => {
    const answer = await apply(t, "one", { free: { a: { b: 1 } }, labels: { x: "1" }, pair: { left: "l" } });
    expect(owned(answer, "one")).toEqual({
      "f:spec": {
        "f:free": { "f:a": { ".": {}, "f:b": {} } },
        "f:labels": { "f:x": {} },
        "f:pair": { "f:left": {} },
      },
    });
    expect(answer.object.spec).toMatchObject({ pair: { left: "l", right: "r" } });
  }),

  contractCase("keeps an updater's field until an applier takes it, then shares it", async (t) => {
    await t.admin.create(t.widgets(), t.widget("a", { size: 1, code: "ok" }), { fieldManager: "creator" });
    const applied = await apply(t, "one", { size: 1 });
    expect(owned(applied, "one")).toEqual({ "f:spec": { "f:size": {} } });
    expect(owned(applied, "creator", "Update")).toEqual({
      "f:spec": { ".": {}, "f:code": {}, "f:mode": {}, "f:size": {} },
    });
    const dropped = await apply(t, "one", { code: "ok" });
    expect(dropped.object.spec).toMatchObject({ size: 1, code: "ok" });
  }),

  contractCase("takes a field from its applier when somebody updates it", async (t) => {
    await apply(t, "one", { size: 1, code: "ok" });
    const updated = await t.admin.patch(
      t.widgets("a"),
      "merge",
      { spec: { size: 2 } },
      { fieldManager: "editor" },
    );
    expect(owned(updated, "one")).toEqual({ "f:spec": { "f:code": {} } });
    expect(owned(updated, "editor", "Update")).toEqual({ "f:spec": { "f:size": {} } });
    const answer = await apply(t, "one", { size: 3, code: "ok" });
    expect(answer.status).toBe(409);
  }),

  contractCase("keeps one manager's applies and updates in separate entries", async (t) => {
    await apply(t, "one", { size: 1 });
    const answer = await t.admin.patch(
      t.widgets("a"),
      "merge",
      { spec: { code: "ok" } },
      { fieldManager: "one" },
    );
    expect(owned(answer, "one", "Apply")).toEqual({ "f:spec": { "f:size": {} } });
    expect(owned(answer, "one", "Update")).toEqual({ "f:spec": { "f:code": {} } });
  }),

  contractCase("owns labels and annotations key by key", async (t) => {
    const body = (key: string) => ({
      ...t.widget("a", {}),
      metadata: { name: "a", labels: { [key]: "1" }, annotations: { [`${key}/note`]: "2" } },
    });
    await t.admin.patch(t.widgets("a"), "apply", body("one"), { fieldManager: "one" });
    const answer = await t.admin.patch(t.widgets("a"), "apply", body("two"), { fieldManager: "two" });
    expect(answer.object.metadata.labels).toEqual({ one: "1", two: "1" });
    expect(owned(answer, "two")).toEqual({
      "f:metadata": { "f:annotations": { "f:two/note": {} }, "f:labels": { "f:two": {} } },
      "f:spec": {},
    });
  }),

  contractCase("clears managedFields when a PUT sends them empty", async (t) => {
    const { object } = await apply(t, "one", { size: 1 });
    const metadata = { ...object.metadata, managedFields: [{}] };
    const answer = await t.admin.put(t.widgets("a"), { ...object, metadata });
    expect(answer.object.metadata.managedFields).toBeUndefined();
  }),

  contractCase("reads YAML", async (t) => {
    const yaml = [
      "apiVersion: contract.countersign.dev/v1",
      "kind: Widget",
      "metadata: {name: a}",
      "spec:",
      "  size: 4",
      "  steps:",
      "    - one",
      "    - two",
    ].join("\n");
    const answer = await t.admin.patch(t.widgets("a"), "apply", yaml, { fieldManager: "one" });
    expect(answer.object.spec).toMatchObject({ size: 4, steps: ["one", "two"] });
  }),
]);
