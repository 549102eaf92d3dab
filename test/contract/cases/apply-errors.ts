import { expect } from "vitest";
import { contractArea, contractCase } from "../contract-case.ts";
import { status } from "../status.ts";

export const applyErrorCases = contractArea("server-side apply: refusals", [
  contractCase("refuses a body without apiVersion and kind", async (t) => {
    const answer = await t.admin.patch(
      t.widgets("a"),
      "apply",
      { metadata: { name: "a" } },
      { fieldManager: "one" },
    );
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ reason: "BadRequest" });
  }),

  contractCase("needs a name in the body to create, and none afterwards", async (t) => {
    const { metadata: _, ...body } = t.widget("a", { size: 1 });
    const create = await t.admin.patch(t.widgets("a"), "apply", body, { fieldManager: "one" });
    expect(create.body).toEqual(
      status(
        400,
        "BadRequest",
        "the name of the object (a based on URL) was undeterminable: name must be provided",
      ),
    );
    await t.created(t.widgets(), t.widget("a", {}));
    const change = await t.admin.patch(t.widgets("a"), "apply", body, { fieldManager: "one" });
    expect(change.object).toMatchObject({ metadata: { name: "a" }, spec: { size: 1 } });
  }),

  contractCase("refuses to create under a name that is not the one in the path", async (t) => {
    const answer = await t.admin.patch(t.widgets("a"), "apply", t.widget("b", {}), { fieldManager: "one" });
    expect(answer.body).toEqual(
      status(400, "BadRequest", "the name of the object (b) does not match the name on the URL (a)"),
    );
  }),

  contractCase("refuses managedFields in the body", async (t) => {
    await t.created(t.widgets(), t.widget("a", {}));
    const metadata = { name: "a", managedFields: [{ manager: "x" }] };
    const body = { ...t.widget("a", {}), metadata };
    const answer = await t.admin.patch(t.widgets("a"), "apply", body, { fieldManager: "one" });
    expect(answer.body).toEqual(status(400, "BadRequest", "metadata.managedFields must be nil"));
  }),

  contractCase("refuses a stale resourceVersion in the body", async (t) => {
    await t.created(t.widgets(), t.widget("a", {}));
    const body = { ...t.widget("a", { size: 1 }), metadata: { name: "a", resourceVersion: "1" } };
    const answer = await t.admin.patch(t.widgets("a"), "apply", body, { fieldManager: "one" });
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({ reason: "Conflict", details: { name: "a", kind: "widgets" } });
  }),

  contractCase("refuses to create where the body carries a uid", async (t) => {
    const uid = "11111111-2222-3333-4444-555555555555";
    const body = { ...t.widget("a", {}), metadata: { name: "a", uid } };
    const answer = await t.admin.patch(t.widgets("a"), "apply", body, { fieldManager: "one" });
    expect(answer.body).toEqual(
      status(
        409,
        "Conflict",
        'Operation cannot be fulfilled on widgets.contract.countersign.dev "a": uid mismatch: the provided object ' +
          `specified uid ${uid}, and no existing object was found`,
        { name: "a", group: "contract.countersign.dev", kind: "widgets" },
      ),
    );
  }),

  contractCase(
    "refuses another uid of the object, outside /status, as a change of an immutable field",
    async (t) => {
      await t.created(t.widgets(), t.widget("a", { size: 1 }));
      const body = { ...t.widget("a", { code: "ok" }), metadata: { name: "a", uid: "x" } };
      const answer = await t.admin.patch(t.widgets("a"), "apply", body, { fieldManager: "one" });
      expect(answer.status).toBe(422);
      expect(answer.body).toMatchObject({ message: expect.stringContaining("metadata.uid") });
    },
  ),

  contractCase("refuses fields that the schema does not declare", async (t) => {
    const body = t.widget("a", { bogus: 1 });
    const answer = await t.admin.patch(t.widgets("a"), "apply", body, { fieldManager: "one" });
    expect(answer.status).toBe(500);
    expect(answer.body).toMatchObject({
      message: expect.stringMatching(/Kind=Widget\): \.spec\.bogus: field not declared in schema$/),
    });
  }),

  contractCase("refuses values of the wrong type before validation", async (t) => {
    const body = t.widget("a", { size: "x" });
    const answer = await t.admin.patch(t.widgets("a"), "apply", body, { fieldManager: "one" });
    expect(answer.status).toBe(500);
    expect(answer.body).toMatchObject({
      message: expect.stringMatching(
        /Kind=Widget\): \.spec\.size: expected numeric \(int or float\), got string$/,
      ),
    });
  }),

  contractCase("refuses a list-map item without its key and two items of one key", async (t) => {
    await t.created(t.widgets(), t.widget("a", {}));
    const apply = (conditions: unknown) => {
      const body = { ...t.widget("a", {}), status: { conditions } };
      return t.admin.patch(t.widgets("a", "status"), "apply", body, { fieldManager: "one" });
    };
    const keyless = await apply([{ status: "True" }]);
    expect(keyless.status).toBe(500);
    expect(keyless.body).toMatchObject({ message: expect.stringContaining("omits all key fields") });
    const ready = { type: "Ready", status: "True" };
    const twice = await apply([ready, ready]);
    expect(twice.status).toBe(500);
    expect(twice.body).toMatchObject({
      message: expect.stringContaining('.status.conditions: duplicate entries for key [type="Ready"]'),
    });
  }),

  contractCase("validates the merged object", async (t) => {
    const body = t.widget("a", { size: 200 });
    const answer = await t.admin.patch(t.widgets("a"), "apply", body, { fieldManager: "one" });
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ details: { causes: [{ field: "spec.size" }] } });
  }),

  contractCase("refuses a body that is no YAML", async (t) => {
    const answer = await t.admin.patch(t.widgets("a"), "apply", "nope: [", { fieldManager: "one" });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({
      reason: "BadRequest",
      message: expect.stringMatching(/^error decoding YAML: /),
    });
  }),

  contractCase("refuses force on other kinds of patch", async (t) => {
    await t.created(t.widgets(), t.widget("a", {}));
    const answer = await t.admin.patch(t.widgets("a"), "merge", {}, { force: true });
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({
      details: { causes: [{ reason: "FieldValueForbidden", field: "force" }] },
    });
  }),
]);
