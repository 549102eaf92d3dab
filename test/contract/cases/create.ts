import { expect } from "vitest";
import { contractArea, contractCase } from "../contract-case.ts";
import { namespacedPath } from "../paths.ts";
import { status } from "../status.ts";

const subdomain =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start " +
  "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is " +
  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

export const createCases = contractArea("create", [
  contractCase("returns 201 with uid, resourceVersion and a creation time in whole seconds", async (t) => {
    const answer = await t.admin.create(t.configMaps(), { metadata: { name: "a" }, data: { key: "value" } });
    expect(answer.status).toBe(201);
    expect(answer.object).toMatchObject({ apiVersion: "v1", kind: "ConfigMap", data: { key: "value" } });
    const { metadata } = answer.object;
    expect(metadata.namespace).toBe(t.namespace);
    expect(metadata.uid).toMatch(/^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/);
    expect(metadata.resourceVersion).toMatch(/^[1-9][0-9]*$/);
    expect(metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(metadata.generation).toBeUndefined();
  }),

  contractCase(
    "gives a custom resource generation 1 and stores it with its apiVersion and kind",
    async (t) => {
      const widget = await t.created(t.widgets(), t.widget("a", { size: 3 }));
      expect(widget).toMatchObject({ apiVersion: "contract.countersign.dev/v1", kind: "Widget" });
      expect(widget.metadata.generation).toBe(1);
    },
  ),

  contractCase("sets uid, times and generation itself, whatever the client sends", async (t) => {
    const metadata = {
      name: "a",
      uid: "11111111-2222-3333-4444-555555555555",
      creationTimestamp: "2001-01-01T00:00:00Z",
      deletionTimestamp: "2001-01-01T00:00:00Z",
      generation: 7,
      selfLink: "/nowhere",
    };
    const widget = await t.created(t.widgets(), { ...t.widget("a", {}), metadata });
    expect(widget.metadata.uid).not.toBe(metadata.uid);
    expect(widget.metadata.creationTimestamp).not.toBe(metadata.creationTimestamp);
    expect(widget.metadata.deletionTimestamp).toBeUndefined();
    expect(widget.metadata.generation).toBe(1);
    expect(widget.metadata).not.toHaveProperty("selfLink");
  }),

  contractCase("refuses a resourceVersion on create", async (t) => {
    const body = { metadata: { name: "a", resourceVersion: "5" } };
    const answer = await t.admin.create(t.configMaps(), body);
    expect(answer.status).toBe(500);
    expect(answer.body).toMatchObject({
      message: "resourceVersion should not be set on objects to be created",
    });
  }),

  contractCase("appends five characters to generateName", async (t) => {
    const first = await t.created(t.widgets(), { ...t.widget("", {}), metadata: { generateName: "req-" } });
    const second = await t.created(t.widgets(), { ...t.widget("", {}), metadata: { generateName: "req-" } });
    expect(first.metadata.name).toMatch(/^req-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    expect(second.metadata.name).not.toBe(first.metadata.name);
  }),

  contractCase("shortens a long generateName to leave room for the suffix", async (t) => {
    const generateName = `${"a".repeat(70)}-`;
    const map = await t.created(t.configMaps(), { metadata: { generateName } });
    expect(map.metadata.name).toHaveLength(63);
    expect(map.metadata.name.slice(0, 58)).toBe("a".repeat(58));
  }),

  contractCase("prefers name to generateName", async (t) => {
    const map = await t.created(t.configMaps(), { metadata: { name: "chosen", generateName: "req-" } });
    expect(map.metadata).toMatchObject({ name: "chosen", generateName: "req-" });
  }),

  contractCase("refuses a second object of the same name with AlreadyExists", async (t) => {
    await t.created(t.widgets(), t.widget("a", {}));
    const answer = await t.admin.create(t.widgets(), t.widget("a", { size: 9 }));
    expect(answer.status).toBe(409);
    expect(answer.body).toEqual(
      status(409, "AlreadyExists", 'widgets.contract.countersign.dev "a" already exists', {
        name: "a",
        group: "contract.countersign.dev",
        kind: "widgets",
      }),
    );
  }),

  contractCase("allows the same name in two namespaces and for two kinds", async (t) => {
    const other = t.unique("other");
    await t.created("/api/v1/namespaces", { metadata: { name: other } });
    await t.created(t.configMaps(), { metadata: { name: "a" } });
    await t.created(t.secrets(), { metadata: { name: "a" } });
    await t.created(namespacedPath("v1", other, "configmaps"), { metadata: { name: "a" } });
  }),

  contractCase("refuses a namespaced object in a namespace that does not exist", async (t) => {
    const path = namespacedPath("contract.countersign.dev/v1", "no-such-namespace", "widgets");
    const answer = await t.admin.create(path, t.widget("a", {}));
    expect(answer.status).toBe(404);
    expect(answer.body).toEqual(
      status(404, "NotFound", 'namespaces "no-such-namespace" not found', {
        name: "no-such-namespace",
        kind: "namespaces",
      }),
    );
  }),

  contractCase("refuses an object with neither name nor generateName", async (t) => {
    const answer = await t.admin.create(t.widgets(), { ...t.widget("", {}), metadata: {} });
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({
      reason: "Invalid",
      details: { causes: [{ reason: "FieldValueRequired", field: "metadata.name" }] },
    });
  }),

  contractCase("refuses a name that is no DNS subdomain", async (t) => {
    const answer = await t.admin.create(t.widgets(), t.widget("Bad_Name", {}));
    expect(answer.status).toBe(422);
    const message = `Invalid value: "Bad_Name": ${subdomain}`;
    expect(answer.body).toEqual(
      status(
        422,
        "Invalid",
        `Widget.contract.countersign.dev "Bad_Name" is invalid: metadata.name: ${message}`,
        {
          name: "Bad_Name",
          group: "contract.countersign.dev",
          kind: "Widget",
          causes: [{ reason: "FieldValueInvalid", message, field: "metadata.name" }],
        },
      ),
    );
  }),

  contractCase("refuses a namespace in the body that is not the one in the path", async (t) => {
    const body = { ...t.widget("a", {}), metadata: { name: "a", namespace: "elsewhere" } };
    const answer = await t.admin.create(t.widgets(), body);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({
      reason: "BadRequest",
      message: "the namespace of the provided object does not match the namespace sent on the request",
    });
  }),

  contractCase("refuses the wrong kind of a custom resource as invalid", async (t) => {
    const answer = await t.admin.create(t.widgets(), { ...t.widget("a", {}), kind: "Gadget" });
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({
      message:
        'Gadget.contract.countersign.dev "a" is invalid: kind: Invalid value: "Gadget": must be Widget',
      details: { kind: "Gadget", causes: [{ reason: "FieldValueInvalid", field: "kind" }] },
    });
  }),

  contractCase("refuses the wrong apiVersion of a custom resource as a bad request", async (t) => {
    const apiVersion = "contract.countersign.dev/v2";
    const answer = await t.admin.create(t.widgets(), { ...t.widget("a", {}), apiVersion });
    expect(answer.body).toEqual(
      status(
        400,
        "BadRequest",
        "the API version in the data (contract.countersign.dev/v2) does not match the expected API version " +
          "(contract.countersign.dev/v1)",
      ),
    );
  }),

  contractCase("refuses a custom resource without apiVersion and kind", async (t) => {
    const answer = await t.admin.create(t.widgets(), { metadata: { name: "a" } });
    expect(answer.body).toEqual(
      status(
        400,
        "BadRequest",
        "the object provided is unrecognized (must be of type Widget): Object 'Kind' is missing in " +
          `'{"metadata":{"name":"a"}}' ({"metadata":{"name":"a"}})`,
      ),
    );
  }),

  contractCase("refuses the wrong kind for a built-in resource and supplies a missing one", async (t) => {
    const wrong = await t.admin.create(t.configMaps(), {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "a" },
    });
    expect(wrong.status).toBe(400);
    expect(await t.created(t.configMaps(), { metadata: { name: "a" } })).toMatchObject({ kind: "ConfigMap" });
  }),

  contractCase("records who set which field of a created object", async (t) => {
    const widget = await t.created(t.widgets(), t.widget("a", { size: 3, steps: ["x"] }));
    expect(widget.metadata.managedFields).toEqual([
      {
        manager: "contract",
        operation: "Update",
        apiVersion: "contract.countersign.dev/v1",
        time: widget.metadata.creationTimestamp,
        fieldsType: "FieldsV1",
        fieldsV1: { "f:spec": { ".": {}, "f:mode": {}, "f:size": {}, "f:steps": {} } },
      },
    ]);
  }),

  contractCase("takes the field manager from the query before the user agent", async (t) => {
    const answer = await t.admin.create(
      t.configMaps(),
      { metadata: { name: "a" } },
      { fieldManager: "someone" },
    );
    expect(answer.status).toBe(201);
    const filled = await t.admin.create(
      t.configMaps(),
      { metadata: { name: "b" }, data: { key: "value" } },
      { fieldManager: "someone" },
    );
    expect(filled.object.metadata.managedFields).toMatchObject([
      { manager: "someone", fieldsV1: { "f:data": { ".": {}, "f:key": {} } } },
    ]);
  }),
]);
