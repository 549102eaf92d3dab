import { objectField, type VaultAnswer } from "./vault-answer.ts";

/** Longest list of values that is shown, in characters: the whole message has 1 KiB. */
const maxValueLength = 120;

/** The fields of a role that explain a refusal, as `name=value`; undefined where the answer is no role. */
export function roleHint(answer: VaultAnswer, fields: readonly string[]): string | undefined {
  const role = objectField(answer, "data");
  if (role === undefined) return undefined;
  const shown = fields.flatMap((field) => {
    const value = shownValue(role[field]);
    return value === undefined ? [] : [`${field}=${value}`];
  });
  return shown.length === 0 ? undefined : shown.join(", ");
}

function shownValue(value: unknown): string | undefined {
  if (typeof value === "boolean" || typeof value === "number") return String(value);
  const text = Array.isArray(value)
    ? `[${value.filter(isText).join(" ")}]`
    : isText(value)
      ? value
      : undefined;
  if (text === undefined) return undefined;
  const printable = text.replace(/[^\x20-\x7e]/g, "?");
  return printable.length > maxValueLength ? `${printable.slice(0, maxValueLength - 3)}...` : printable;
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
