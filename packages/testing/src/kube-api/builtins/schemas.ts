import type { JsonSchema } from "../schema/json-schema.ts";

/** Schemas that several built-in resources share. */
export const text: JsonSchema = { type: "string" };
export const integer: JsonSchema = { type: "integer" };
export const flag: JsonSchema = { type: "boolean" };
export const time: JsonSchema = { type: "string", format: "date-time" };
/** metav1.MicroTime: RFC 3339 with exactly six decimals. */
export const microTime: JsonSchema = { type: "string", format: "micro-time" };
export const bytes: JsonSchema = { type: "string", format: "byte" };
export const texts: JsonSchema = { type: "array", items: text };
export const textMap: JsonSchema = { type: "object", additionalProperties: text };

/** An object with these fields. */
export function object(properties: { readonly [name: string]: JsonSchema }): JsonSchema {
  return { type: "object", properties };
}

/** A list that is replaced as a whole. */
export function listOf(items: JsonSchema): JsonSchema {
  return { type: "array", items };
}

/** A list whose items are told apart by fields. */
export function listMap(keys: readonly string[], items: JsonSchema): JsonSchema {
  return { type: "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": keys, items };
}

/** core/v1 ObjectReference: owned as a whole. */
export const objectReference: JsonSchema = {
  ...object({
    apiVersion: text,
    kind: text,
    namespace: text,
    name: text,
    uid: text,
    resourceVersion: text,
    fieldPath: text,
  }),
  "x-kubernetes-map-type": "atomic",
};
