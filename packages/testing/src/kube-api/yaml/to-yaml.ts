import { isObject } from "../json.ts";
import { plainScalar } from "./yaml-scalar.ts";

/** Writes a JSON value as block YAML, with sorted keys as the API server writes it. */
export function toYaml(value: unknown): string {
  return block(value, "").replace(/^\n/, "").replace(/^ /, "");
}

/** The value as it stands after `key:` or `-`, with the space or line break before it. */
function block(value: unknown, indent: string): string {
  if (Array.isArray(value)) {
    if (value.length === 0) return " []\n";
    const items = value.map((item) => `${indent}-${afterDash(item, `${indent}  `)}`);
    return `\n${items.join("")}`;
  }
  if (isObject(value)) {
    const keys = Object.keys(value).sort();
    if (keys.length === 0) return " {}\n";
    return `\n${keys.map((key) => `${indent}${scalar(key)}:${below(value[key], indent)}`).join("")}`;
  }
  return ` ${scalar(value)}\n`;
}

/** Lists stand at their key's own indentation, mappings two deeper. */
function below(value: unknown, indent: string): string {
  return block(value, Array.isArray(value) ? indent : `${indent}  `);
}

function afterDash(item: unknown, indent: string): string {
  return block(item, indent).replace(new RegExp(`^\\n${indent}`), " ");
}

function scalar(value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value);
  const isPlain =
    /^[A-Za-z0-9_./][A-Za-z0-9_./ -]*$/.test(value) && plainScalar(value) === value && value === value.trim();
  return isPlain && !/^(y|n|yes|no|on|off)$/i.test(value) ? value : JSON.stringify(value);
}
