import type { JsonSchema } from "../schema/json-schema.ts";

const text: JsonSchema = { type: "string" };

const conditions: JsonSchema = {
  type: "array",
  "x-kubernetes-list-type": "map",
  "x-kubernetes-list-map-keys": ["type"],
  items: {
    type: "object",
    required: ["type", "status"],
    properties: { type: text, status: { ...text, enum: ["True", "False"] }, reason: text },
  },
};

const spec: JsonSchema = {
  type: "object",
  properties: {
    size: { type: "integer", minimum: 1 },
    mode: { ...text, default: "fast" },
    tags: { type: "array", items: text, "x-kubernetes-list-type": "set" },
    labels: { type: "object", additionalProperties: text },
    whole: { type: "object", "x-kubernetes-map-type": "atomic", properties: { a: text, b: text } },
    free: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    list: { type: "array", items: { type: "object", properties: { n: text } } },
    ports: {
      type: "array",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["port", "protocol"],
      items: {
        type: "object",
        required: ["port"],
        properties: { port: { type: "integer" }, protocol: { ...text, default: "TCP" }, note: text },
      },
    },
    nested: {
      type: "object",
      properties: { inner: { type: "object", properties: { deep: text, other: text } }, conditions },
    },
    note: { ...text, nullable: true },
  },
};

/** A definition with every kind of granularity that field ownership knows. */
export const ownershipCrd = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "widgets.ownership.example.com" },
  spec: {
    group: "ownership.example.com",
    scope: "Namespaced",
    names: { plural: "widgets", singular: "widget", kind: "Widget", listKind: "WidgetList" },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: "object",
            properties: { spec, status: { type: "object", properties: { phase: text, conditions } } },
          },
        },
      },
    ],
  },
};
