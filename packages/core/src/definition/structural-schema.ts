import { z } from "zod";
import { NotRe2Error, re2Pattern } from "./re2-pattern.ts";

/**
 * An OpenAPI v3 schema as a CustomResourceDefinition takes it: "structural" in the words of apiextensions.k8s.io/v1.
 * Every node has a `type` or keeps unknown fields, and there is no `$ref`, `anyOf`, `oneOf` or `not`.
 */
export interface StructuralSchema {
  readonly type?: "object" | "array" | "string" | "number" | "integer" | "boolean";
  readonly description?: string;
  readonly format?: string;
  readonly pattern?: string;
  readonly nullable?: boolean;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly required?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly additionalProperties?: StructuralSchema;
  readonly items?: StructuralSchema;
  readonly allOf?: readonly Readonly<Record<string, unknown>>[];
  readonly [keyword: string]: unknown;
}

type Json = Record<string, unknown>;
type Override = Parameters<NonNullable<z.core.ToJSONSchemaParams["override"]>>[0];

/**
 * Derives the schema of what a user may write (zod's input side) for a CustomResourceDefinition.
 *
 * The result is laxer than zod where Kubernetes has no word for it: `refine`, the keys of a record, look-around in zod's
 * own formats. zod still checks these when the issuer object is read. It is stricter for `coerce`, `preprocess` and
 * `catch`, which take what the named type does not. `description`, `title` and every `x-kubernetes-*` of `.meta()` pass
 * through.
 *
 * @param root how errors name the schema
 * @throws TypeError that names the path of the field which has no structural form, and what to use instead
 */
export function structuralSchema(schema: z.ZodObject, root = "spec"): StructuralSchema {
  let json: unknown;
  try {
    json = z.toJSONSchema(schema, {
      target: "openapi-3.0",
      io: "input",
      cycles: "throw",
      unrepresentable: "any",
      metadata: new MetadataWithoutIds(),
      override: (node) => prepare(node, root),
    });
  } catch (error) {
    const cycle = /^Cycle detected: #\/(\S*?)\/?<root>/.exec(error instanceof Error ? error.message : "");
    if (cycle === null) throw error;
    throw refusal(fieldPath(root, (cycle[1] ?? "").split("/")), "it refers to itself; use z.unknown() there");
  }
  return structural(json as Json, root);
}

/** zod moves a schema with an `id` to `definitions` behind a `$ref`, which structural schemas do not have. */
class MetadataWithoutIds extends z.core.$ZodRegistry<Record<string, unknown>> {
  override get<S extends z.core.$ZodType>(schema: S) {
    const meta: Json = { ...z.globalRegistry.get(schema) };
    delete meta.id;
    return meta as ReturnType<z.core.$ZodRegistry<Record<string, unknown>>["get"]>;
  }
}

function refusal(path: string, reason: string): TypeError {
  return new TypeError(`Expected \`${path}\` to have a structural schema, but ${reason}`);
}

/** `["properties", "list", "items"]` → `spec.list[]`; the values of a record are `spec.record.*`. */
function fieldPath(root: string, path: readonly (string | number)[]): string {
  let text = root;
  for (let at = 0; at < path.length; at += 1) {
    if (path[at] === "properties") text += `.${path[++at]}`;
    else if (path[at] === "items") text += "[]";
    else if (path[at] === "additionalProperties") text += ".*";
  }
  return text;
}

const preserve = "x-kubernetes-preserve-unknown-fields";

/** Where a node without a type keeps zod's name for it until it is known whether `.meta()` gave one. */
const untyped = "zod";

const instead: Readonly<Record<string, string>> = {
  union:
    "a union has none: use z.enum() for strings, .nullable() for null, and for objects one object of optional fields with exactlyOneOf()",
  tuple: "z.tuple() has none: use z.array() or z.object()",
  never: "z.never() has none: leave the field out",
  file: "z.file() is not JSON",
  date: "z.date() is not JSON: use z.iso.datetime()",
  bigint: "z.bigint() is not JSON: use z.int()",
};

/** Formats that mean the same to zod and to kube-apiserver; its `hostname` and `duration` are others than zod's. */
const sharedFormats = new Set(["email", "uuid", "date", "ipv4", "ipv6"]);

/** What only zod's own schema tells: flags of patterns, whose format it is, whether a default passes. */
function prepare({ zodSchema, jsonSchema, path }: Override, root: string): void {
  const { def } = zodSchema._zod;
  const at = fieldPath(root, path);
  const json: Json = jsonSchema;
  const advice = instead[def.type];
  if (advice !== undefined) throw refusal(at, advice);
  if (def.type === "any" || def.type === "unknown") json[preserve] = true;
  if (def.type === "literal" && json.type === undefined) typeOfValues(json);
  if (def.type === "string" || def.type === "template_literal") prepareString(zodSchema, json, at);
  // `catch` replaces what is wrong, so its value need not pass the schema, which a default must.
  if (def.type === "catch") delete json.default;
  if ((def.type === "default" || def.type === "prefault") && json.default !== undefined) {
    const { error } = z.safeParse(def.innerType, json.default);
    if (error) throw refusal(at, `its default does not pass it: ${error.issues[0]?.message}`);
  }
  if (json.type === undefined) json[untyped] = def.type;
}

/** `z.literal(["a", null])` comes without a type. */
function typeOfValues(json: Json): void {
  const values = (json.enum ?? []) as readonly unknown[];
  const types = new Set(values.filter((value) => value !== null).map((value) => typeof value));
  if (types.size !== 1) return;
  json.type = [...types][0];
  json.nullable = true;
}

function prepareString(zodSchema: z.core.$ZodType, json: Json, at: string): void {
  const checks = [zodSchema, ...(zodSchema._zod.def.checks ?? [])]
    .map((check) => check._zod.def as Partial<z.core.$ZodCheckStringFormatDef>)
    .filter((check) => check.check === "string_format");
  const ownFormat = checks.some(({ format }) => format === json.format);
  if (ownFormat && !sharedFormats.has(String(json.format))) delete json.format;

  const emitted = (json.allOf ?? (json.pattern === undefined ? [] : [json])) as readonly Json[];
  const patterns: { readonly pattern: string }[] = [];
  for (const source of new Set(emitted.map(({ pattern }) => String(pattern)))) {
    const check = checks.find(({ pattern }) => pattern?.source === source);
    try {
      patterns.push({ pattern: re2Pattern(source, check?.pattern?.flags) });
    } catch (error) {
      if (!(error instanceof NotRe2Error)) throw error;
      if (check === undefined || check.format === "regex") {
        throw refusal(at, `its pattern uses ${error.message}, which Kubernetes (RE2) lacks: use .refine()`);
      }
    }
  }
  delete json.pattern;
  delete json.allOf;
  if (patterns.length === 1) Object.assign(json, patterns[0]);
  if (patterns.length > 1) json.allOf = patterns;
}

const keywords = [
  ...["type", "description", "title", "format", "pattern", "nullable", "default", "enum", "required"],
  ...["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "allOf"],
  ...["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"],
];
const types = ["object", "array", "string", "number", "integer", "boolean"];

/** Copies what apiextensions knows, so that nothing else of zod or of `.meta()` reaches the API server. */
function structural(json: Json, at: string): StructuralSchema {
  for (const key of ["anyOf", "oneOf", "not", "patternProperties"]) {
    if (key in json) {
      throw refusal(at, `\`${key}\` is not allowed in it: use x-kubernetes-validations in .meta()`);
    }
  }
  // zod folds the members of an intersection of objects into one; others stay whole schemas here.
  if ((json.allOf as readonly Json[] | undefined)?.some((member) => member.type !== undefined)) {
    throw refusal(at, "its z.intersection() is not of objects only: use one schema with all the checks");
  }
  const extensions = Object.keys(json).filter((key) => key.startsWith("x-kubernetes-"));
  const known = [...keywords, ...extensions].filter((key) => json[key] !== undefined);
  const out: Json = Object.fromEntries(known.map((key) => [key, json[key]]));
  if (!types.includes(String(out.type)) && out[preserve] !== true) {
    throw refusal(at, `z.${json[untyped] ?? json.type}() is not one JSON type`);
  }
  if (out.type === "integer") integerBounds(out);
  // kube-apiserver takes it for no default at all.
  if (out.default === null) delete out.default;
  if (out.nullable === true && Array.isArray(out.enum)) {
    // kube-apiserver compares null with every `enum` of a nullable node, also one that lists null; in `allOf` it does not.
    out.allOf = [{ enum: out.enum.filter((value) => value !== null) }];
    delete out.enum;
  }
  if (json.items !== undefined) out.items = structural(json.items as Json, `${at}[]`);
  if (json.properties !== undefined) {
    const properties = Object.entries(json.properties as Record<string, Json>);
    out.properties = Object.fromEntries(
      properties.map(([key, child]) => [key, structural(child, `${at}.${key}`)]),
    );
  }
  const values = json.additionalProperties;
  if (typeof values !== "object" || values === null) return out;
  const valueSchema = structural(values as Json, `${at}.*`);
  if (out.properties === undefined) return { ...out, additionalProperties: valueSchema };
  // A node has either `properties` or `additionalProperties`; a loose object is the one mixture there is a word for.
  if (valueSchema.type !== undefined) {
    throw refusal(at, "it has both named fields and a catchall: use z.record() in a field");
  }
  return { ...out, [preserve]: true };
}

/** zod bounds every integer by what a double holds exactly; the API's own word for that is int64. */
function integerBounds(out: Json): void {
  out.format ??= "int64";
  if (out.minimum === Number.MIN_SAFE_INTEGER) delete out.minimum;
  if (out.maximum === Number.MAX_SAFE_INTEGER) delete out.maximum;
}
