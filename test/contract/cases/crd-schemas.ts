import { expect } from "vitest";
import { contractArea, contractCase } from "../contract-case.ts";
import type { ContractContext } from "../contract-context.ts";
import { crd, crdsPath } from "../crds.ts";

type Fields = Readonly<Record<string, unknown>>;

const at = "spec.validation.openAPIV3Schema.properties[spec].properties[a]";

/** Sends a CRD whose `spec.a` has the schema, without storing it. */
function send(t: ContractContext, a: Fields, changes: Fields = {}) {
  const group = `${t.suffix}.example.com`;
  const schema = { spec: { type: "object", properties: { a } } };
  const definition = crd({ plural: "toys", kind: "Toy", scope: "Namespaced", group, schema, status: false });
  const body = { ...definition, spec: { ...definition.spec, ...changes } };
  return t.admin.create(crdsPath, body, { dryRun: "All" });
}

function refuses(title: string, schema: Fields, field: string, reason: string) {
  return contractCase(`refuses ${title}`, async (t) => {
    const answer = await send(t, schema);
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({
      reason: "Invalid",
      details: { causes: expect.arrayContaining([expect.objectContaining({ field, reason })]) },
    });
  });
}

function takes(title: string, schema: Fields) {
  return contractCase(`takes ${title}`, async (t) => {
    expect((await send(t, schema)).status).toBe(201);
  });
}

function refusesSpec(title: string, changes: Fields, field: string) {
  return contractCase(`refuses ${title}`, async (t) => {
    const answer = await send(t, { type: "string" }, changes);
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({
      details: { causes: expect.arrayContaining([expect.objectContaining({ field })]) },
    });
  });
}

const keyed = (more: Fields) => ({
  type: "array",
  "x-kubernetes-list-type": "map",
  "x-kubernetes-list-map-keys": ["k"],
  items: { type: "object", properties: { k: { type: "string" } }, ...more },
});

export const crdSchemaCases = contractArea("CustomResourceDefinitions: schemas", [
  refuses("an array without items", { type: "array" }, `${at}.items`, "FieldValueRequired"),
  refuses(
    "properties beside additionalProperties",
    { type: "object", additionalProperties: { type: "string" }, properties: { b: { type: "string" } } },
    `${at}.additionalProperties`,
    "FieldValueForbidden",
  ),
  refuses(
    "a pattern that is no expression",
    { type: "string", pattern: "(" },
    `${at}.pattern`,
    "FieldValueInvalid",
  ),
  refuses("a reference", { $ref: "#/x" }, `${at}.$ref`, "FieldValueForbidden"),
  refuses(
    "uniqueItems",
    { type: "array", uniqueItems: true, items: { type: "string" } },
    `${at}.uniqueItems`,
    "FieldValueForbidden",
  ),
  refuses(
    "a set of granular objects",
    { type: "array", items: { type: "object" }, "x-kubernetes-list-type": "set" },
    `${at}.items.x-kubernetes-map-type`,
    "FieldValueInvalid",
  ),
  refuses(
    "a list-map whose key is neither required nor defaulted",
    keyed({}),
    `${at}.items.properties[k].default`,
    "FieldValueRequired",
  ),
  refuses(
    "an unknown list type",
    { type: "array", items: { type: "string" }, "x-kubernetes-list-type": "odd" },
    `${at}.x-kubernetes-list-type`,
    "FieldValueNotSupported",
  ),
  refuses(
    "an unknown map type",
    { type: "object", "x-kubernetes-map-type": "odd" },
    `${at}.x-kubernetes-map-type`,
    "FieldValueNotSupported",
  ),
  refuses(
    "a list type on text",
    { type: "string", "x-kubernetes-list-type": "set" },
    `${at}.type`,
    "FieldValueInvalid",
  ),
  refuses(
    "x-kubernetes-preserve-unknown-fields: false",
    { type: "string", "x-kubernetes-preserve-unknown-fields": false },
    `${at}.x-kubernetes-preserve-unknown-fields`,
    "FieldValueInvalid",
  ),
  refuses(
    "a default outside the enumeration",
    { type: "string", default: "x", enum: ["y"] },
    `${at}.default`,
    "FieldValueNotSupported",
  ),
  refuses(
    "a default with unknown fields",
    { type: "object", default: { zz: 1 }, properties: { b: { type: "string" } } },
    `${at}.default`,
    "FieldValueInvalid",
  ),
  takes("a list-map whose key is required", keyed({ required: ["k"] })),
  takes("x-kubernetes-int-or-string without a type", { "x-kubernetes-int-or-string": true }),
  takes("x-kubernetes-preserve-unknown-fields without a type", {
    "x-kubernetes-preserve-unknown-fields": true,
  }),
  takes("a nullable default", { type: "string", nullable: true, default: null }),
  takes("conditions on fields that properties declare", {
    type: "object",
    properties: { b: { type: "string" }, c: { type: "string" } },
    oneOf: [{ required: ["b"] }, { required: ["c"] }],
  }),

  refusesSpec("no versions", { versions: [] }, "spec.versions"),
  refusesSpec("an unknown scope", { scope: "Odd" }, "spec.scope"),
  refusesSpec("a group that is no domain", { group: "" }, "spec.group"),
  refusesSpec(
    "names that are no labels",
    { names: { plural: "toys", kind: "Toy", singular: "Bad", shortNames: ["T"] } },
    "spec.names.singular",
  ),
  refusesSpec("preserveUnknownFields", { preserveUnknownFields: true }, "spec.preserveUnknownFields"),
  refusesSpec("an unknown conversion", { conversion: { strategy: "Odd" } }, "spec.conversion.strategy"),

  contractCase("refuses a protected group without approval", async (t) => {
    const definition = crd({
      plural: "toys",
      kind: "Toy",
      scope: "Namespaced",
      group: "x.k8s.io",
      schema: {},
      status: false,
    });
    const answer = await t.admin.create(crdsPath, definition, { dryRun: "All" });
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({
      details: { causes: [{ field: "metadata.annotations[api-approved.kubernetes.io]" }] },
    });
  }),

  contractCase("drops schema keywords it does not know, with a warning", async (t) => {
    const answer = await send(t, { type: "string", bogus: 1 });
    expect(answer.status).toBe(201);
    expect(answer.headers.warning).toContain("bogus");
    expect(answer.text).not.toContain('"bogus"');
  }),
]);
