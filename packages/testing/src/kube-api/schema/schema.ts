import type { JsonSchema } from "./json-schema.ts";
import { objectMetaSchema } from "./object-meta.ts";

/** How server-side apply and uniqueness treat a list. */
export type ListType = "atomic" | "set" | "map";

/**
 * A compiled structural schema node. The rules that need no look at neighbours (`rules`) stay in their JSON Schema
 * form; what every request walks (properties, list and map types) is laid out for fast access.
 */
export interface Schema {
  readonly type: string | undefined;
  readonly nullable: boolean;
  readonly intOrString: boolean;
  /** Unknown fields are kept, here and below wherever nothing more is declared. */
  readonly preserveUnknown: boolean;
  /** An embedded Kubernetes object: `apiVersion`, `kind` and `metadata` are always kept. */
  readonly embedded: boolean;
  readonly properties: ReadonlyMap<string, Schema>;
  readonly additional: Schema | undefined;
  readonly items: Schema | undefined;
  readonly listType: ListType;
  readonly listKeys: readonly string[];
  readonly atomicMap: boolean;
  /** Default value, undefined when there is none. */
  readonly default: unknown;
  /** True when this node or any node below has a default, so that defaulting can skip whole subtrees. */
  readonly hasDefaults: boolean;
  readonly rules: JsonSchema;
  readonly pattern: RegExp | undefined;
  readonly required: readonly string[];
  readonly allOf: readonly Schema[];
  readonly anyOf: readonly Schema[];
  readonly oneOf: readonly Schema[];
  readonly not: Schema | undefined;
}

/** A node about which nothing is declared: everything is kept and its shape is deduced from the value. */
export const UNTYPED: Schema = compileSchema({ "x-kubernetes-preserve-unknown-fields": true });

/** Compiles a JSON Schema; the input is expected to be structural (see `validateStructural`). */
export function compileSchema(schema: JsonSchema): Schema {
  const properties = new Map(
    Object.entries(schema.properties ?? {}).map(([name, property]) => [name, compileSchema(property)]),
  );
  const additional =
    schema.additionalProperties === true
      ? UNTYPED
      : schema.additionalProperties
        ? compileSchema(schema.additionalProperties)
        : undefined;
  const items = schema.items ? compileSchema(schema.items) : undefined;
  const below = [...properties.values(), ...(additional ? [additional] : []), ...(items ? [items] : [])];
  return {
    type: schema.type,
    nullable: schema.nullable === true,
    intOrString: schema["x-kubernetes-int-or-string"] === true,
    preserveUnknown: schema["x-kubernetes-preserve-unknown-fields"] === true,
    embedded: schema["x-kubernetes-embedded-resource"] === true,
    properties,
    additional,
    items,
    listType: schema["x-kubernetes-list-type"] ?? "atomic",
    listKeys: schema["x-kubernetes-list-map-keys"] ?? [],
    atomicMap: schema["x-kubernetes-map-type"] === "atomic",
    default: schema.default,
    hasDefaults: schema.default !== undefined || below.some((child) => child.hasDefaults),
    rules: schema,
    pattern: schema.pattern === undefined ? undefined : compilePattern(schema.pattern),
    required: schema.required ?? [],
    allOf: (schema.allOf ?? []).map(compileSchema),
    anyOf: (schema.anyOf ?? []).map(compileSchema),
    oneOf: (schema.oneOf ?? []).map(compileSchema),
    not: schema.not ? compileSchema(schema.not) : undefined,
  };
}

/** Compiles the schema of a whole object: `apiVersion`, `kind` and `metadata` get their fixed types. */
export function compileRootSchema(schema: JsonSchema): Schema {
  return compileSchema({
    ...schema,
    properties: {
      ...schema.properties,
      apiVersion: { type: "string" },
      kind: { type: "string" },
      metadata: objectMetaSchema,
    },
  });
}

/** The schema of a field of an object, undefined when the field is not declared. */
export function fieldSchema(schema: Schema, name: string): Schema | undefined {
  return schema.properties.get(name) ?? schema.additional ?? (schema.preserveUnknown ? UNTYPED : undefined);
}

/** Go's RE2 and JavaScript agree on all but a leading flag group such as `(?i)`. */
function compilePattern(pattern: string): RegExp {
  const flags = /^\(\?([ims]+)\)/.exec(pattern);
  const source = flags ? pattern.slice(flags[0].length) : pattern;
  return new RegExp(source, flags?.[1] ?? "");
}
