import { isObject } from "../json.ts";
import type { KubeObject } from "../kube-object.ts";
import { type Schema, UNTYPED } from "../schema/schema.ts";

const MICRO_LAYOUT = "2006-01-02T15:04:05.000000Z07:00";
const LAYOUT = "2006-01-02T15:04:05Z07:00";

/**
 * What Go's decoder says of a built-in object whose fields have the wrong types; undefined when all fit. Custom
 * resources are not decoded into types: their schema is validated instead.
 */
export function decodeProblem(object: KubeObject, schema: Schema): string | undefined {
  for (const [name, field] of schema.properties) {
    if (name === "metadata" || !Object.hasOwn(object, name)) continue;
    const problem = checkValue(object[name], field, `${object.kind}.${name}`, object.kind);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function checkValue(value: unknown, schema: Schema, path: string, kind: string): string | undefined {
  if (value === null || schema === UNTYPED || schema.type === undefined) return undefined;
  if (!fits(value, schema.type))
    return `json: cannot unmarshal ${describeJson(value, schema.type)} into Go struct field ${path} of type ${goType(schema)}`;
  if (typeof value === "string") return checkText(value, schema.rules.format);
  if (Array.isArray(value))
    return first(value, (item) => (schema.items ? checkValue(item, schema.items, path, kind) : undefined));
  if (!isObject(value)) return undefined;
  return first(Object.keys(value), (name) => {
    const child = schema.properties.get(name);
    // A map's values are reported at the map, a struct's fields at the struct's own type.
    if (child) return checkValue(value[name], child, structPath(path, name, kind), kind);
    return schema.additional ? checkValue(value[name], schema.additional, path, kind) : undefined;
  });
}

function fits(value: unknown, type: string): boolean {
  if (type === "object") return isObject(value);
  if (type === "array") return Array.isArray(value);
  if (type === "integer") return Number.isInteger(value);
  return typeof value === type;
}

function checkText(text: string, format: string | undefined): string | undefined {
  if (format === "byte") {
    const at = base64Problem(text);
    return at === undefined ? undefined : `illegal base64 data at input byte ${at}`;
  }
  if (format === "date-time") return timeProblem(text);
  if (format !== "micro-time" || /\.\d{6}(Z|[+-]\d{2}:\d{2})$/.test(text)) return undefined;
  return unparsedTime(text, MICRO_LAYOUT);
}

/** What Go says of a text that is no RFC 3339 time; undefined when it is one. */
export function timeProblem(text: unknown): string | undefined {
  if (typeof text !== "string") return undefined;
  const isTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/.test(text);
  return isTime && !Number.isNaN(Date.parse(text)) ? undefined : unparsedTime(text, LAYOUT);
}

function unparsedTime(text: string, layout: string): string {
  const good = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}/.exec(text)?.[0].length;
  const [rest, wanted] =
    good === undefined ? [text, "2006"] : [text.slice(good), layout.slice(19, layout.indexOf("Z"))];
  return `parsing time ${JSON.stringify(text)} as ${JSON.stringify(layout)}: cannot parse ${JSON.stringify(rest)} as ${JSON.stringify(wanted || "Z07:00")}`;
}

/** Where Go's strict decoder stops; undefined when the text is base64 with its padding. */
function base64Problem(text: string): number | undefined {
  const clean = text.replaceAll(/[\r\n]/g, "");
  const body = /^[A-Za-z0-9+/]*/.exec(clean)?.[0].length ?? 0;
  const padding = clean.slice(body);
  const wanted = (4 - (body % 4)) % 4;
  if (padding === "=".repeat(wanted) && wanted < 3) return undefined;
  return padding === "" ? clean.length - (body % 4) : body;
}

function structPath(path: string, name: string, kind: string): string {
  const parts = path.split(".");
  const last = parts.at(-1) ?? "";
  const struct = parts.length === 2 ? `${kind}${capital(last)}` : capital(last);
  return [struct, ...parts.slice(1), name].join(".");
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A value as Go's decoder names it when it wanted the JSON type: a fraction in place of an integer is shown. */
export function describeJson(value: unknown, wanted: string): string {
  if (Array.isArray(value)) return "array";
  if (typeof value === "number" && wanted === "integer") return `number ${value}`;
  return typeof value === "boolean" ? "bool" : typeof value;
}

function goType(schema: Schema): string {
  switch (schema.type) {
    case "string":
      return schema.rules.format === "byte" ? "[]uint8" : "string";
    case "integer":
      return schema.rules.format ?? "int32";
    case "boolean":
      return "bool";
    case "array":
      return "[]string";
    default:
      return schema.additional ? `map[string]${goType(schema.additional)}` : "struct";
  }
}

function first<T>(items: readonly T[], check: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const problem = check(item);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
