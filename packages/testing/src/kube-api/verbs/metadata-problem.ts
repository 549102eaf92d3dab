import { describeJson, timeProblem } from "../builtins/decode-problem.ts";
import { isObject, type JsonObject } from "../json.ts";

/** A type of metav1.ObjectMeta as Go's decoder names it: what JSON it takes, and what is inside. */
interface GoType {
  readonly json: "string" | "integer" | "boolean" | "array" | "object";
  readonly name: string;
  /** Of a list's items or a map's values. */
  readonly items?: GoType;
  readonly fields?: { readonly [name: string]: GoType };
  readonly isTime?: boolean;
}

const text: GoType = { json: "string", name: "string" };
const int64: GoType = { json: "integer", name: "int64" };
const bool: GoType = { json: "boolean", name: "bool" };
const time: GoType = { ...text, isTime: true };
const textMap: GoType = { json: "object", name: "map[string]string", items: text };

function structs(name: string, fields: GoType["fields"] & object): GoType {
  const item: GoType = { json: "object", name: `v1.${name}`, fields };
  return { json: "array", name: `[]v1.${name}`, items: item };
}

const OBJECT_META: GoType = {
  json: "object",
  name: "v1.ObjectMeta",
  fields: {
    name: text,
    generateName: text,
    namespace: text,
    selfLink: text,
    uid: { json: "string", name: "types.UID" },
    resourceVersion: text,
    generation: int64,
    creationTimestamp: time,
    deletionTimestamp: time,
    deletionGracePeriodSeconds: int64,
    labels: textMap,
    annotations: textMap,
    finalizers: { json: "array", name: "[]string", items: text },
    ownerReferences: structs("OwnerReference", {
      apiVersion: text,
      kind: text,
      name: text,
      uid: { json: "string", name: "types.UID" },
      controller: bool,
      blockOwnerDeletion: bool,
    }),
    managedFields: structs("ManagedFieldsEntry", {
      manager: text,
      operation: text,
      apiVersion: text,
      time,
      fieldsType: text,
      subresource: text,
    }),
  },
};

/**
 * What Go's decoder says of metadata whose fields have the wrong types; undefined when all fit. `prefix` leads from the
 * decoded value to the metadata: `metadata.` for built-in kinds, nothing for custom ones.
 */
export function metadataProblem(metadata: JsonObject, prefix: string): string | undefined {
  return checkFields(metadata, OBJECT_META, prefix);
}

function checkFields(value: JsonObject, type: GoType, prefix: string): string | undefined {
  const struct = type.name.replace(/^v1\./, "");
  for (const [name, field] of Object.entries(type.fields ?? {})) {
    const problem = check(value[name], field, `${struct}.${prefix}${name}`, `${prefix}${name}.`);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function check(value: unknown, type: GoType, path: string, prefix: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (!fits(value, type.json)) {
    const what = describeJson(value, type.json);
    return `json: cannot unmarshal ${what} into Go struct field ${path} of type ${type.name}`;
  }
  if (type.isTime) return timeProblem(value);
  if (!isObject(value) && !Array.isArray(value)) return undefined;
  const { items } = type;
  if (!items) return isObject(value) ? checkFields(value, type, prefix) : undefined;
  for (const item of Object.values(value)) {
    const problem = check(item, items, path, prefix);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function fits(value: unknown, json: GoType["json"]): boolean {
  if (json === "object") return isObject(value);
  if (json === "array") return Array.isArray(value);
  if (json === "integer") return Number.isInteger(value);
  return typeof value === json;
}
