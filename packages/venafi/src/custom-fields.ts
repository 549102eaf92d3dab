import { RequestRejected } from "@countersign/issuer-signer";
import { inQuotes } from "./words.ts";

/** A custom field with its values, in order. */
export interface CustomField {
  readonly name: string;
  readonly values: readonly string[];
}

/** The annotation by which requests set custom fields, as with the built-in issuer. */
export const customFieldsAnnotation = "venafi.cert-manager.io/custom-fields";

/** Longest annotation, in characters. */
const maxLength = 16_384;
const maxFields = 64;

const shape = `Write a JSON list such as [{"name": "Team", "value": "Web"}].`;

/** What {@link customFieldsOf} puts together. */
export interface CustomFieldsOptions {
  /** Those of the issuer. */
  readonly fields: readonly CustomField[];
  /** Names that a request may set. */
  readonly allowed: readonly string[];
  readonly annotations: Readonly<Record<string, string>>;
}

/**
 * The custom fields of one certificate: those of the issuer, and over them, by name, those of the request's annotation. A
 * field that is named several times has several values.
 *
 * @throws RequestRejected for an annotation that is malformed, or sets what the issuer does not allow
 */
export function customFieldsOf({
  fields,
  allowed,
  annotations,
}: CustomFieldsOptions): readonly CustomField[] {
  const text = annotations[customFieldsAnnotation];
  if (text === undefined || text.trim() === "") return fields;
  const asked = new Map<string, string[]>();
  for (const { name, value } of entriesOf(text)) {
    if (!allowed.includes(name))
      throw refused(
        `sets ${inQuotes(name)}, which the issuer does not allow. Add it to tpp.allowedCustomFields of the issuer, or remove it.`,
      );
    asked.set(name, [...(asked.get(name) ?? []), value]);
  }
  const own = fields.filter(({ name }) => !asked.has(name));
  return [...own, ...[...asked].map(([name, values]) => ({ name, values }))];
}

function entriesOf(text: string): readonly { readonly name: string; readonly value: string }[] {
  if (text.length > maxLength) throw refused(`is longer than ${maxLength} characters. Shorten it.`);
  const list = parsed(text);
  if (!Array.isArray(list)) throw refused(`is not a list. ${shape}`);
  if (list.length > maxFields) throw refused(`has more than ${maxFields} fields. Shorten it.`);
  return list.map((entry: unknown) => {
    const { name, value, type = "Plain" } = Object(entry) as Readonly<Record<string, unknown>>;
    if (typeof name !== "string" || name === "" || typeof value !== "string")
      throw refused(`has an entry without name and value. ${shape}`);
    // The built-in issuer knows no other type either.
    if (type !== "Plain" && type !== "") throw refused(`has a type other than "Plain". ${shape}`);
    return { name, value };
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw refused(`is not JSON. ${shape}`);
  }
}

function refused(problem: string): RequestRejected {
  return new RequestRejected(`The annotation ${customFieldsAnnotation} ${problem}`);
}
