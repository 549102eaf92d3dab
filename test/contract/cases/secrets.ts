import { expect } from "vitest";
import { contractArea, contractCase } from "../contract-case.ts";
import { base64 } from "../pem.ts";
import { status } from "../status.ts";

const keyRule =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  " +
  "or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

export const secretCases = contractArea("Secrets", [
  contractCase("are Opaque unless they say otherwise", async (t) => {
    const secret = await t.created(t.secrets(), { metadata: { name: "a" }, data: { key: base64("value") } });
    expect(secret).toMatchObject({ kind: "Secret", type: "Opaque", data: { key: base64("value") } });
    expect(secret.metadata.managedFields).toMatchObject([
      { fieldsV1: { "f:data": { ".": {}, "f:key": {} }, "f:type": {} } },
    ]);
  }),

  contractCase("take stringData into data, over data, and never return it", async (t) => {
    const secret = await t.created(t.secrets(), {
      metadata: { name: "a" },
      data: { one: base64("old"), two: base64("two") },
      stringData: { one: "new", three: "drei" },
    });
    expect(secret.data).toEqual({ one: base64("new"), two: base64("two"), three: base64("drei") });
    expect(secret).not.toHaveProperty("stringData");
    const patched = await t.admin.patch(t.secrets("a"), "merge", { stringData: { two: "zwei" } });
    expect(patched.object.data).toEqual({ one: base64("new"), two: base64("zwei"), three: base64("drei") });
  }),

  contractCase("refuse data that is no base64 as a bad request", async (t) => {
    const answer = await t.admin.create(t.secrets(), { metadata: { name: "a" }, data: { key: "%%" } });
    expect(answer.body).toEqual(
      status(
        400,
        "BadRequest",
        'Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 0',
      ),
    );
  }),

  contractCase("refuse base64 without its padding", async (t) => {
    const answer = await t.admin.create(t.secrets(), { metadata: { name: "a" }, data: { key: "YQ" } });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ reason: "BadRequest" });
  }),

  contractCase("refuse data that is no text", async (t) => {
    const answer = await t.admin.create(t.secrets(), { metadata: { name: "a" }, data: { key: 3 } });
    expect(answer.body).toEqual(
      status(
        400,
        "BadRequest",
        'Secret in version "v1" cannot be handled as a Secret: json: cannot unmarshal number into Go struct field ' +
          "Secret.data of type []uint8",
      ),
    );
  }),

  contractCase("refuse a key with a space", async (t) => {
    const answer = await t.admin.create(t.secrets(), { metadata: { name: "a" }, data: { "bad key": "" } });
    const message = `Invalid value: "bad key": ${keyRule}`;
    expect(answer.body).toEqual(
      status(422, "Invalid", `Secret "a" is invalid: data[bad key]: ${message}`, {
        name: "a",
        kind: "Secret",
        causes: [{ reason: "FieldValueInvalid", message, field: "data[bad key]" }],
      }),
    );
  }),

  contractCase("keep their type", async (t) => {
    await t.created(t.secrets(), { metadata: { name: "a" } });
    const answer = await t.admin.patch(t.secrets("a"), "merge", { type: "example.com/other" });
    const message = 'Invalid value: "example.com/other": field is immutable';
    expect(answer.body).toEqual(
      status(422, "Invalid", `Secret "a" is invalid: type: ${message}`, {
        name: "a",
        kind: "Secret",
        causes: [{ reason: "FieldValueInvalid", message, field: "type" }],
      }),
    );
  }),

  contractCase("of type kubernetes.io/tls need both keys, which may be empty", async (t) => {
    const type = "kubernetes.io/tls";
    const half = await t.admin.create(t.secrets(), {
      metadata: { name: "a" },
      type,
      data: { "tls.crt": "" },
    });
    expect(half.status).toBe(422);
    expect(half.body).toMatchObject({
      details: { causes: [{ reason: "FieldValueRequired", field: "data[tls.key]" }] },
    });
    const data = { "tls.crt": "", "tls.key": "" };
    expect(await t.created(t.secrets(), { metadata: { name: "a" }, type, data })).toMatchObject({
      type,
      data,
    });
  }),

  contractCase("of the other known types need their keys", async (t) => {
    for (const [type, field] of [
      ["kubernetes.io/dockerconfigjson", "data[.dockerconfigjson]"],
      ["kubernetes.io/ssh-auth", "data[ssh-privatekey]"],
      ["kubernetes.io/basic-auth", "data[username]"],
      ["kubernetes.io/service-account-token", "metadata.annotations[kubernetes.io/service-account.name]"],
    ] as const) {
      const answer = await t.admin.create(t.secrets(), { metadata: { name: "a" }, type });
      expect(answer.status, type).toBe(422);
      expect(answer.body).toMatchObject({
        details: {
          causes: expect.arrayContaining([expect.objectContaining({ reason: "FieldValueRequired", field })]),
        },
      });
    }
  }),

  contractCase("cannot change once immutable, nor become mutable again", async (t) => {
    await t.created(t.secrets(), { metadata: { name: "a" }, data: { key: base64("1") }, immutable: true });
    const data = await t.admin.patch(t.secrets("a"), "merge", { stringData: { key: "2" } });
    expect(data.status).toBe(422);
    expect(data.body).toMatchObject({
      message: 'Secret "a" is invalid: data: Forbidden: field is immutable when `immutable` is set',
    });
    const mutable = await t.admin.patch(t.secrets("a"), "merge", { immutable: false });
    expect(mutable.status).toBe(422);
    const label = await t.admin.patch(t.secrets("a"), "merge", { metadata: { labels: { app: "x" } } });
    expect(label.status).toBe(200);
  }),

  contractCase("refuse more than 1 MiB of data", async (t) => {
    const data = { key: Buffer.alloc(1024 * 1024 + 1).toString("base64") };
    const answer = await t.admin.create(t.secrets(), { metadata: { name: "a" }, data });
    const message = "Too long: may not be more than 1048576 bytes";
    expect(answer.body).toEqual(
      status(422, "Invalid", `Secret "a" is invalid: data: ${message}`, {
        name: "a",
        kind: "Secret",
        causes: [{ reason: "FieldValueTooLong", message, field: "data" }],
      }),
    );
  }),

  contractCase("are owned key by key under apply", async (t) => {
    const apply = (manager: string, stringData: unknown) =>
      t.admin.patch(
        t.secrets("a"),
        "apply",
        { apiVersion: "v1", kind: "Secret", metadata: { name: "a" }, data: stringData },
        { fieldManager: manager },
      );
    await apply("one", { "ca.crt": base64("ca") });
    const both = await apply("two", { "tls.crt": base64("leaf") });
    expect(both.object.data).toEqual({ "ca.crt": base64("ca"), "tls.crt": base64("leaf") });
    const dropped = await apply("one", {});
    expect(dropped.object.data).toEqual({ "tls.crt": base64("leaf") });
  }),
]);
