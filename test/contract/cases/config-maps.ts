import { expect } from "vitest";
import { contractArea, contractCase } from "../contract-case.ts";
import { status } from "../status.ts";

export const configMapCases = contractArea("ConfigMaps", [
  contractCase("hold text and bytes under different keys", async (t) => {
    const map = await t.created(t.configMaps(), {
      metadata: { name: "a" },
      data: { text: "1" },
      binaryData: { bytes: "AP8=" },
    });
    expect(map).toMatchObject({ data: { text: "1" }, binaryData: { bytes: "AP8=" } });
    const answer = await t.admin.create(t.configMaps(), {
      metadata: { name: "b" },
      data: { key: "1" },
      binaryData: { key: "AP8=" },
    });
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({
      message:
        'ConfigMap "b" is invalid: data[key]: Invalid value: "key": duplicate of key present in binaryData',
    });
  }),

  contractCase("refuse a number as a value", async (t) => {
    const answer = await t.admin.create(t.configMaps(), { metadata: { name: "a" }, data: { key: 1 } });
    expect(answer.body).toEqual(
      status(
        400,
        "BadRequest",
        'ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal number into Go struct ' +
          "field ConfigMap.data of type string",
      ),
    );
  }),

  contractCase("refuse a key with a space", async (t) => {
    const answer = await t.admin.create(t.configMaps(), { metadata: { name: "a" }, data: { "bad key": "" } });
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ details: { causes: [{ field: "data[bad key]" }] } });
  }),

  contractCase("drop fields they do not have, with a warning", async (t) => {
    const answer = await t.admin.create(t.configMaps(), {
      metadata: { name: "a", odd: 1 },
      spec: {},
      data: {},
    });
    expect(answer.status).toBe(201);
    expect(answer.object).not.toHaveProperty("spec");
    expect(answer.headers.warning).toBe(
      '299 - "unknown field \\"metadata.odd\\"", 299 - "unknown field \\"spec\\""',
    );
  }),
]);
