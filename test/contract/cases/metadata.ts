import { expect } from "vitest";
import { contractArea, contractCase } from "../contract-case.ts";
import { status } from "../status.ts";

const owner = (uid: string, more = {}) => ({ apiVersion: "v1", kind: "ConfigMap", name: "x", uid, ...more });

export const metadataCases = contractArea("metadata", [
  contractCase("refuses fields of the wrong type as a bad request", async (t) => {
    for (const [field, value] of [
      ["name", 5],
      ["finalizers", "x"],
      ["labels", []],
      ["annotations", { a: true }],
      ["ownerReferences", {}],
      ["creationTimestamp", "bad"],
      ["generation", "x"],
    ] as const) {
      const metadata = { name: "a", [field]: value };
      const custom = await t.admin.create(t.widgets(), { ...t.widget("a", {}), metadata });
      expect(custom.body, field).toMatchObject({ code: 400, reason: "BadRequest" });
      const builtIn = await t.admin.create(t.configMaps(), { metadata });
      expect(builtIn.body, field).toMatchObject({ code: 400, reason: "BadRequest" });
    }
  }),

  contractCase("takes a null label as an empty one", async (t) => {
    const map = await t.created(t.configMaps(), { metadata: { name: "a", labels: { app: null } } });
    expect(map.metadata.labels).toEqual({ app: "" });
  }),

  contractCase("refuses a label value or key that is too long", async (t) => {
    for (const labels of [{ a: "x".repeat(64) }, { ["a".repeat(64)]: "x" }]) {
      const answer = await t.admin.create(t.widgets(), {
        ...t.widget("a", {}),
        metadata: { name: "a", labels },
      });
      expect(answer.body).toMatchObject({ code: 422, details: { causes: [{ field: "metadata.labels" }] } });
    }
  }),

  contractCase("refuses more than 256 KiB of annotations", async (t) => {
    const metadata = { name: "a", annotations: { a: "x".repeat(256 * 1024) } };
    const answer = await t.admin.create(t.widgets(), { ...t.widget("a", {}), metadata });
    expect(answer.body).toMatchObject({
      code: 422,
      details: { causes: [{ reason: "FieldValueTooLong", field: "metadata.annotations" }] },
    });
  }),

  contractCase("refuses a name longer than 253 characters", async (t) => {
    const answer = await t.admin.create(t.configMaps(), { metadata: { name: "a".repeat(254) } });
    expect(answer.body).toMatchObject({
      code: 422,
      details: {
        causes: [{ message: expect.stringContaining("must be no more than 253"), field: "metadata.name" }],
      },
    });
  }),

  contractCase("refuses a namespace whose name is no DNS label", async (t) => {
    for (const [name, problem] of [
      ["a.b", "must not contain dots"],
      ["a_b", "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-'"],
      ["a".repeat(64), "must be no more than 63 characters"],
    ] as const) {
      const answer = await t.admin.create("/api/v1/namespaces", { metadata: { name } });
      expect(answer.body).toMatchObject({ code: 422, message: expect.stringContaining(problem) });
    }
  }),

  contractCase("refuses an owner that lacks its uid", async (t) => {
    const metadata = { name: "a", ownerReferences: [owner("")] };
    const answer = await t.admin.create(t.widgets(), { ...t.widget("a", {}), metadata });
    const message = 'Invalid value: "": must not be empty';
    expect(answer.body).toEqual(
      status(
        422,
        "Invalid",
        `Widget.contract.countersign.dev "a" is invalid: metadata.ownerReferences.uid: ${message}`,
        {
          name: "a",
          group: "contract.countersign.dev",
          kind: "Widget",
          causes: [{ reason: "FieldValueInvalid", message, field: "metadata.ownerReferences.uid" }],
        },
      ),
    );
  }),

  contractCase("refuses two controlling owners, and an Event as an owner", async (t) => {
    const two = {
      name: "a",
      ownerReferences: [owner("u", { controller: true }), owner("w", { controller: true })],
    };
    const controllers = await t.admin.create(t.widgets(), { ...t.widget("a", {}), metadata: two });
    expect(controllers.body).toMatchObject({
      code: 422,
      details: {
        causes: [{ message: expect.stringContaining("Only one reference can have Controller set to true") }],
      },
    });
    const event = { name: "a", ownerReferences: [owner("u", { kind: "Event" })] };
    const answer = await t.admin.create(t.configMaps(), { metadata: event });
    expect(answer.body).toMatchObject({
      code: 422,
      message: expect.stringContaining("Kind=Event is disallowed from being an owner"),
    });
  }),

  contractCase("is the server's: a patch of what it sets is dropped or refused", async (t) => {
    const created = await t.created(t.widgets(), t.widget("a", {}));
    const patch = (metadata: unknown) => t.admin.patch(t.widgets("a"), "merge", { metadata });
    for (const dropped of [
      { creationTimestamp: "2001-01-01T00:00:00Z" },
      { generation: 77 },
      { selfLink: "x" },
    ]) {
      expect((await patch(dropped)).object).toEqual(created);
    }
    const deletion = await patch({ deletionTimestamp: "2001-01-01T00:00:00Z" });
    expect(deletion.body).toMatchObject({
      code: 422,
      details: { causes: [{ message: 'Invalid value: "2001-01-01T00:00:00Z": field is immutable' }, {}] },
    });
    expect((await patch({ namespace: "other" })).status).toBe(400);
  }),

  contractCase("refuses a patch that changes or removes kind or apiVersion", async (t) => {
    await t.created(t.widgets(), t.widget("a", {}));
    await t.created(t.configMaps(), { metadata: { name: "a" } });
    for (const body of [{ kind: "Secret" }, { apiVersion: "v2" }]) {
      const answer = await t.admin.unrecorded.patch(t.configMaps("a"), "merge", body);
      expect(answer.body).toMatchObject({ code: 422, reason: "Invalid" });
    }
    expect((await t.admin.get(t.configMaps("a"))).object.kind).toBe("ConfigMap");
    expect((await t.admin.unrecorded.patch(t.widgets("a"), "merge", { kind: null })).status).toBe(422);
    const version = await t.admin.patch(t.widgets("a"), "merge", { apiVersion: null });
    return version.status;
  }),

  contractCase("warns of a field that a body has twice, and refuses it under Strict", async (t) => {
    const body = (name: string) =>
      `{"apiVersion":"contract.countersign.dev/v1","kind":"Widget","metadata":{"name":"${name}"},"spec":{"size":1,"size":2}}`;
    const warned = await t.admin.create(t.widgets(), body("a"));
    expect(warned.headers.warning).toBe('299 - "duplicate field \\"spec.size\\""');
    expect(warned.object.spec).toMatchObject({ size: 2 });
    const strict = await t.admin.create(t.widgets(), body("b"), { fieldValidation: "Strict" });
    expect(strict.body).toEqual(
      status(
        400,
        "BadRequest",
        'Widget in version "v1" cannot be handled as a Widget: strict decoding error: duplicate field "spec.size"',
      ),
    );
  }),

  contractCase(
    "takes a PUT at resourceVersion 0 or none for the same refusal, and no word for a number",
    async (t) => {
      const created = await t.created(t.widgets(), t.widget("a", {}));
      const put = (resourceVersion: string) =>
        t.admin.put(t.widgets("a"), { ...created, metadata: { ...created.metadata, resourceVersion } });
      expect([(await put("")).status, (await put("0")).status]).toEqual([422, 422]);
      const word = await put("abc");
      expect(word.body).toMatchObject({
        code: 500,
        message: 'strconv.ParseUint: parsing "abc": invalid syntax',
      });
    },
  ),
]);
