import { isObject, type JsonObject } from "../json.ts";
import type { KubeObject } from "../kube-object.ts";
import type { Pruned } from "../schema/prune.ts";

/** The fields of apiextensions.k8s.io/v1 JSONSchemaProps. */
const KEYWORDS: ReadonlySet<string> = new Set([
  ...["id", "$schema", "$ref", "description", "type", "format", "title", "default", "nullable", "example"],
  ...["maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum", "multipleOf", "enum", "externalDocs"],
  ...["maxLength", "minLength", "pattern", "maxItems", "minItems", "uniqueItems", "items", "additionalItems"],
  ...[
    "maxProperties",
    "minProperties",
    "required",
    "properties",
    "additionalProperties",
    "patternProperties",
  ],
  ...["allOf", "oneOf", "anyOf", "not", "dependencies", "definitions"],
  ...["x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource", "x-kubernetes-int-or-string"],
  ...["x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-map-type"],
  "x-kubernetes-validations",
]);

/** Keywords whose value is a schema, a list of schemas, or schemas by name. */
const NESTED = ["items", "additionalProperties", "not", "additionalItems"];
const LISTS = ["allOf", "oneOf", "anyOf"];
const MAPS = ["properties", "patternProperties", "definitions"];

/** Drops what the schemas of a CustomResourceDefinition say in words that they do not have, and empty collections. */
export function pruneSchemas(crd: KubeObject): Pruned<KubeObject> {
  const dropped: string[] = [];
  const { spec } = crd;
  if (!isObject(spec) || !Array.isArray(spec.versions)) return { value: crd, dropped };
  const versions = spec.versions.map((version: unknown, index) => {
    if (!isObject(version) || !isObject(version.schema)) return version;
    const { openAPIV3Schema } = version.schema;
    const path = `spec.versions[${index}].schema.openAPIV3Schema`;
    return {
      ...version,
      schema: { ...version.schema, openAPIV3Schema: pruneSchema(openAPIV3Schema, path, dropped) },
    };
  });
  return { value: { ...crd, spec: { ...spec, versions } }, dropped };
}

function pruneSchema(schema: unknown, path: string, dropped: string[]): unknown {
  if (!isObject(schema)) return schema;
  const kept: JsonObject = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (!KEYWORDS.has(keyword)) dropped.push(`${path}.${keyword}`);
    else if (!isOmitted(keyword, value))
      kept[keyword] = pruneBelow(keyword, value, `${path}.${keyword}`, dropped);
  }
  return kept;
}

function pruneBelow(keyword: string, value: unknown, path: string, dropped: string[]): unknown {
  if (NESTED.includes(keyword)) return pruneSchema(value, path, dropped);
  if (LISTS.includes(keyword) && Array.isArray(value))
    return value.map((part, index) => pruneSchema(part, `${path}[${index}]`, dropped));
  if (!MAPS.includes(keyword) || !isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [name, pruneSchema(part, `${path}.${name}`, dropped)]),
  );
}

/** Go leaves out collections that are empty, and reads a default of null as none. */
function isOmitted(keyword: string, value: unknown): boolean {
  if (keyword === "default") return value === null;
  if (!["properties", "required", "enum"].includes(keyword)) return false;
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
