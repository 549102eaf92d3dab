import { describe, expect, test } from "vitest";
import { z } from "zod";
import { configMapKeyRef } from "./config-map-key-ref.ts";
import { secretKeyRef } from "./secret-key-ref.ts";

describe.each([
  ["secretKeyRef", secretKeyRef, "Secret"],
  ["configMapKeyRef", configMapKeyRef, "ConfigMap"],
])("%s", (_, ref, kind) => {
  test("wants a name and a key, and drops a namespace", () => {
    expect(ref().parse({ name: "a", key: "k", namespace: "other" })).toEqual({ name: "a", key: "k" });
    for (const wrong of [{ name: "a" }, { key: "k" }, { name: "", key: "k" }, { name: "a", key: "" }])
      expect(ref().safeParse(wrong).success).toBe(false);
  });

  test("makes the key optional where it has a default, which the schema shows", () => {
    const schema = ref({ defaultKey: "ca.crt" });
    expect(schema.parse({ name: "a" })).toEqual({ name: "a", key: "ca.crt" });
    expect(schema.parse({ name: "a", key: "k" })).toEqual({ name: "a", key: "k" });
    expect(z.toJSONSchema(schema, { io: "input" })).toMatchObject({
      required: ["name"],
      properties: {
        name: { description: `Name of the ${kind}.` },
        key: { default: "ca.crt", description: `Key within the ${kind}'s data.` },
      },
    });
  });
});
