import { expect } from "vitest";
import type { Answer } from "../answer.ts";
import { contractArea, contractCase } from "../contract-case.ts";
import type { ContractContext } from "../contract-context.ts";

type Fields = Readonly<Record<string, unknown>>;

const apply = (t: ContractContext, manager: string, spec: unknown, force = false) =>
  t.admin.patch(t.widgets("a"), "apply", t.widget("a", spec), { fieldManager: manager, force });

const applyMetadata = (t: ContractContext, manager: string, metadata: Fields) => {
  const { spec: _, ...bare } = t.widget("a", {});
  const body = { ...bare, metadata: { name: "a", ...metadata } };
  return t.admin.patch(t.widgets("a"), "apply", body, { fieldManager: manager });
};

const applyConditions = (t: ContractContext, manager: string, conditions: unknown, force = false) => {
  const { spec: _, ...bare } = t.widget("a", {});
  const query = { fieldManager: manager, force };
  return t.admin.patch(t.widgets("a", "status"), "apply", { ...bare, status: { conditions } }, query);
};

/** `manager operation subresource` of every entry, sorted: who still owns something. */
const managers = (answer: Answer) =>
  (answer.object.metadata.managedFields ?? [])
    .map(({ manager, operation, subresource }) => [manager, operation, subresource].filter(Boolean).join(" "))
    .toSorted();

const types = (answer: Answer) =>
  (answer.object.status as { conditions?: { type: string; status: string }[] }).conditions?.map(
    ({ type, status }) => `${type} ${status}`,
  );

const condition = (type: string, status = "True") => ({ type, status });

/** Sequences of applies whose every answer, managedFields included, is compared between the servers too. */
export const applySequenceCases = contractArea("server-side apply: sequences", [
  contractCase("null is a value, which the schema refuses where the field is not nullable", async (t) => {
    const cause = (type: string) => ({
      code: 422,
      details: { causes: [{ message: expect.stringContaining(`in body must be of type ${type}: "null"`) }] },
    });
    expect((await apply(t, "one", { code: null })).body).toMatchObject(cause("string"));
    await apply(t, "one", { size: 1, note: null });
    expect((await apply(t, "one", { size: null })).body).toMatchObject(cause("integer"));
  }),

  contractCase("an empty map or list is owned as such until somebody fills it", async (t) => {
    await apply(t, "one", { labels: {}, steps: [], tags: [] });
    const filled = await apply(t, "two", { labels: { a: "1" } });
    expect(filled.object.spec).toEqual({ mode: "slow", labels: { a: "1" }, steps: [], tags: [] });
    await apply(t, "one", {});
    const emptied = await apply(t, "two", {});
    expect(emptied.object).not.toHaveProperty("spec");
  }),

  contractCase("metadata lists are shared: finalizers by value, owners by uid", async (t) => {
    const owner = (uid: string) => ({ apiVersion: "v1", kind: "ConfigMap", name: uid, uid });
    await applyMetadata(t, "one", { finalizers: ["x.dev/a"], ownerReferences: [owner("u1")] });
    const both = await applyMetadata(t, "two", { finalizers: ["x.dev/b"], ownerReferences: [owner("u2")] });
    expect(both.object.metadata.finalizers).toEqual(["x.dev/a", "x.dev/b"]);
    const left = await applyMetadata(t, "one", {});
    expect(left.object.metadata).toMatchObject({ finalizers: ["x.dev/b"], ownerReferences: [owner("u2")] });
  }),

  contractCase("conditions keep their place, new ones come in the applier's order", async (t) => {
    await t.created(t.widgets(), t.widget("a", {}));
    await applyConditions(t, "one", [condition("A"), condition("C")]);
    const two = await applyConditions(t, "two", [condition("B"), condition("A")]);
    expect(types(two)).toEqual(["B True", "A True", "C True"]);
    await applyConditions(t, "one", [condition("C"), condition("A")]);
    await applyConditions(t, "one", []);
    const last = await applyConditions(t, "two", []);
    expect(managers(last).filter((name) => name.includes("status"))).toEqual([]);
  }),

  contractCase(
    "a condition of two managers changes by force only, and stays with the one who forced",
    async (t) => {
      await t.created(t.widgets(), t.widget("a", {}));
      await applyConditions(t, "one", [condition("A")]);
      await applyConditions(t, "two", [condition("A")]);
      expect((await applyConditions(t, "two", [condition("A", "False")])).status).toBe(409);
      const forced = await applyConditions(t, "two", [condition("A", "False")], true);
      expect(types(forced)).toEqual(["A False"]);
      const left = await applyConditions(t, "one", []);
      expect(types(left)).toEqual(["A False"]);
    },
  ),

  contractCase("an applier's field that an update removed comes back with the next apply", async (t) => {
    await apply(t, "one", { size: 1, code: "ok" });
    const edited = await t.admin.patch(
      t.widgets("a"),
      "merge",
      { spec: { code: null } },
      { fieldManager: "editor" },
    );
    expect(edited.object.spec).not.toHaveProperty("code");
    const again = await apply(t, "one", { size: 1, code: "ok" });
    expect(again.status).toBe(200);
    expect(again.object.spec).toMatchObject({ size: 1, code: "ok" });
  }),

  contractCase("a free-form value may change its shape by force", async (t) => {
    await apply(t, "one", { free: { a: { b: 1 } } });
    expect((await apply(t, "two", { free: { a: 1 } })).status).toBe(409);
    const forced = await apply(t, "two", { free: { a: 1 } }, true);
    expect(forced.object.spec).toMatchObject({ free: { a: 1 } });
    const list = await apply(t, "one", { free: { a: [1, { x: 1 }] } }, true);
    expect(list.object.spec).toMatchObject({ free: { a: [1, { x: 1 }] } });
  }),

  contractCase("a set merges items of several managers and loses those nobody applies", async (t) => {
    await apply(t, "one", { tags: ["c", "a"] });
    await apply(t, "two", { tags: ["b", "a"] });
    const more = await apply(t, "one", { tags: ["a", "c", "d"] });
    expect((more.object.spec as { tags: string[] }).tags.toSorted()).toEqual(["a", "b", "c", "d"]);
    const less = await apply(t, "one", { tags: [] });
    expect((less.object.spec as { tags: string[] }).tags.toSorted()).toEqual(["a", "b"]);
  }),

  contractCase(
    "an owned value gives way to the default when it is dropped beside another field",
    async (t) => {
      await apply(t, "one", { mode: "fast", size: 1 });
      const dropped = await apply(t, "one", { size: 1 });
      expect(dropped.object.spec).toEqual({ mode: "slow", size: 1 });
    },
  ),

  contractCase("dropping the last field of an object leaves null, which the schema refuses", async (t) => {
    await apply(t, "one", { mode: "fast" });
    const answer = await apply(t, "one", {});
    expect(answer.body).toMatchObject({
      code: 422,
      details: {
        causes: [{ message: 'Invalid value: "null": spec in body must be of type object: "null"' }],
      },
    });
  }),

  contractCase("spec and status of one manager are separate entries", async (t) => {
    await apply(t, "one", { size: 1 });
    await applyConditions(t, "one", [condition("A")]);
    const spec = await apply(t, "one", { size: 2 });
    expect(types(spec)).toEqual(["A True"]);
    expect(managers(spec)).toEqual(["one Apply", "one Apply status"]);
    const status = await applyConditions(t, "one", []);
    expect(status.object.spec).toMatchObject({ size: 2 });
  }),

  contractCase("status in an apply outside /status is neither stored nor owned", async (t) => {
    const body = t.widget("a", { size: 1 }, { status: { phase: "x" } });
    const answer = await t.admin.patch(t.widgets("a"), "apply", body, { fieldManager: "one" });
    expect(answer.object).not.toHaveProperty("status");
    expect(answer.object.metadata.managedFields?.[0]?.fieldsV1).toEqual({ "f:spec": { "f:size": {} } });
  }),

  contractCase("fields of before the first apply belong to before-first-apply", async (t) => {
    await t.created(t.widgets(), t.widget("a", { size: 1 }));
    await t.admin.patch(t.widgets("a"), "merge", { metadata: { managedFields: [{}] } });
    const refused = await apply(t, "one", { size: 2 });
    expect(refused.status).toBe(409);
    expect(refused.body).toMatchObject({
      message: expect.stringContaining('conflict with "before-first-apply"'),
    });
    expect(managers(await apply(t, "one", { size: 2 }, true))).toEqual([
      "before-first-apply Update",
      "one Apply",
    ]);
  }),

  contractCase("an empty list of managedFields changes nothing", async (t) => {
    const created = await t.created(t.widgets(), t.widget("a", { size: 1 }));
    const answer = await t.admin.patch(t.widgets("a"), "merge", { metadata: { managedFields: [] } });
    expect(answer.object).toEqual(created);
  }),

  contractCase("a marked object takes applies but no new finalizer", async (t) => {
    await t.created(t.widgets(), {
      ...t.widget("a", {}),
      metadata: { name: "a", finalizers: ["x.dev/hold"] },
    });
    await t.admin.delete(t.widgets("a"));
    expect((await apply(t, "one", { size: 2 })).object.spec).toMatchObject({ size: 2 });
    expect((await applyConditions(t, "one", [condition("A")])).status).toBe(200);
    expect((await applyMetadata(t, "one", { finalizers: ["x.dev/more"] })).status).toBe(422);
  }),

  contractCase("another apiVersion or kind than the path's is refused", async (t) => {
    const send = (body: unknown) => t.admin.patch(t.widgets("a"), "apply", body, { fieldManager: "one" });
    const version = await send({ ...t.widget("a", {}), apiVersion: "contract.countersign.dev/v2" });
    expect(version.status).toBe(400);
    expect((await send({ ...t.widget("a", {}), kind: "Other" })).status).toBe(400);
    const core = await send({ ...t.widget("a", {}), apiVersion: "v1" });
    expect(core.body).toMatchObject({ code: 400, message: "invalid object type: /v1, Kind=Widget" });
  }),

  contractCase("a Secret refuses data that is no base64", async (t) => {
    const body = { apiVersion: "v1", kind: "Secret", metadata: { name: "a" }, data: { key: "%%" } };
    const answer = await t.admin.patch(t.secrets("a"), "apply", body, { fieldManager: "one" });
    expect(answer.status).toBe(500);
    expect(answer.body).toMatchObject({
      message: expect.stringMatching(
        /^failed to convert new object .*: illegal base64 data at input byte 0$/,
      ),
    });
  }),

  contractCase("a Secret's stringData is owned apart from data, which it fills", async (t) => {
    const body = { apiVersion: "v1", kind: "Secret", metadata: { name: "a" }, stringData: { key: "1" } };
    const answer = await t.admin.patch(t.secrets("a"), "apply", body, { fieldManager: "one" });
    expect(answer.object.data).toEqual({ key: "MQ==" });
    expect(answer.object).not.toHaveProperty("stringData");
  }),

  contractCase("a ConfigMap refuses numbers and unknown fields before validation", async (t) => {
    const send = (more: Fields) => {
      const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, ...more };
      return t.admin.patch(t.configMaps("a"), "apply", body, { fieldManager: "one" });
    };
    const number = await send({ data: { key: 1 } });
    expect(number.body).toMatchObject({
      code: 500,
      message: expect.stringMatching(/ \/v1, Kind=ConfigMap\): \.data\.key: expected string, got /),
    });
    const unknown = await send({ bogus: 1 });
    expect(unknown.body).toMatchObject({
      code: 500,
      message: expect.stringMatching(/ \/v1, Kind=ConfigMap\): \.bogus: field not declared in schema$/),
    });
  }),

  contractCase("a Lease's fields have one owner each", async (t) => {
    const send = (manager: string, spec: Fields) => {
      const body = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name: "a" }, spec };
      return t.admin.patch(t.leases("a"), "apply", body, { fieldManager: manager });
    };
    await send("one", { holderIdentity: "one", leaseDurationSeconds: 15 });
    expect((await send("two", { holderIdentity: "two" })).status).toBe(409);
    const released = await send("one", {});
    expect(released.object.spec).toEqual({});
  }),
]);
