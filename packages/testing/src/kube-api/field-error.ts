/** The kinds of k8s.io/apimachinery field errors; each is also the `reason` of a Status cause. */
export type FieldErrorType =
  | "FieldValueNotFound"
  | "FieldValueRequired"
  | "FieldValueDuplicate"
  | "FieldValueInvalid"
  | "FieldValueTypeInvalid"
  | "FieldValueNotSupported"
  | "FieldValueForbidden"
  | "FieldValueTooLong"
  | "FieldValueTooMany";

const TITLES: { readonly [type in FieldErrorType]: string } = {
  FieldValueNotFound: "Not found",
  FieldValueRequired: "Required value",
  FieldValueDuplicate: "Duplicate value",
  FieldValueInvalid: "Invalid value",
  FieldValueTypeInvalid: "Invalid value",
  FieldValueNotSupported: "Unsupported value",
  FieldValueForbidden: "Forbidden",
  FieldValueTooLong: "Too long",
  FieldValueTooMany: "Too many",
};

const WITHOUT_VALUE: ReadonlySet<FieldErrorType> = new Set([
  "FieldValueRequired",
  "FieldValueForbidden",
  "FieldValueTooLong",
]);

/** One violation of an object's rules, worded as the API server words it. */
export interface FieldError {
  readonly type: FieldErrorType;
  /** Path such as `spec.items[0].name`; `<nil>` when the object as a whole is at fault. */
  readonly field: string;
  /** The offending value; left out of the text for Required, Forbidden and Too long. */
  readonly value?: unknown;
  readonly detail?: string;
}

/** The message of a cause: `Invalid value: "x": must be …`. */
export function fieldErrorBody({ type, value, detail }: FieldError): string {
  const shown = WITHOUT_VALUE.has(type) || value === undefined ? "" : `: ${JSON.stringify(value)}`;
  return `${TITLES[type]}${shown}${detail ? `: ${detail}` : ""}`;
}

/** The text the API server puts into `message`: one error as it is, several in brackets, duplicates once. */
export function fieldErrorsText(errors: readonly FieldError[]): string {
  const texts = [...new Set(errors.map((error) => `${error.field}: ${fieldErrorBody(error)}`))];
  return texts.length === 1 ? (texts[0] ?? "") : `[${texts.join(", ")}]`;
}

/** A field whose value breaks a rule. */
export function invalid(path: string, value: unknown, detail: string): FieldError {
  return { type: "FieldValueInvalid", field: path, value, detail };
}

/** A field that must be given. */
export function required(path: string, detail = ""): FieldError {
  return { type: "FieldValueRequired", field: path, detail };
}

/** A field that may not be set or changed here. */
export function forbidden(path: string, detail: string): FieldError {
  return { type: "FieldValueForbidden", field: path, detail };
}

/** A value outside a closed set. */
export function notSupported(path: string, value: unknown, supported: readonly unknown[]): FieldError {
  const quoted = supported.map((item) =>
    JSON.stringify(typeof item === "string" ? item : JSON.stringify(item)),
  );
  const detail = quoted.length > 0 ? `supported values: ${quoted.join(", ")}` : "";
  return { type: "FieldValueNotSupported", field: path, value, detail };
}
