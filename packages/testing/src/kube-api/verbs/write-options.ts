import { type FieldError, forbidden, notSupported, required } from "../field-error.ts";
import { invalidObject } from "../status-error.ts";
import type { ApiRequest } from "./api-request.ts";

/** A field manager's name may not be longer, in bytes. */
const MAX_MANAGER_BYTES = 128;

const FIELD_VALIDATIONS = ["Ignore", "Warn", "Strict"];

const KINDS: { readonly [verb: string]: string } = {
  create: "CreateOptions",
  update: "UpdateOptions",
  patch: "PatchOptions",
  delete: "DeleteOptions",
  deletecollection: "DeleteOptions",
};

/** Checks `dryRun`, `fieldManager`, `fieldValidation` and `force` of a write. */
export function checkWriteOptions({ info, query, contentType }: ApiRequest): void {
  const isApply = contentType === "application/apply-patch+yaml";
  const errors: FieldError[] = [];
  if (isApply && !query.get("fieldManager"))
    errors.push(required("fieldManager", "is required for apply patch"));
  if (query.has("force") && info.verb === "patch" && !isApply) {
    errors.push(forbidden("force", "may not be specified for non-apply patch"));
  }
  errors.push(...checkManager(query.get("fieldManager") ?? ""));
  errors.push(...checkDryRun(query.getAll("dryRun")));
  const validation = query.get("fieldValidation") ?? "";
  if (validation !== "" && !FIELD_VALIDATIONS.includes(validation)) {
    errors.push(notSupported("fieldValidation", validation, FIELD_VALIDATIONS));
  }
  if (errors.length > 0) throw invalidObject(KINDS[info.verb] ?? "CreateOptions", "meta.k8s.io", "", errors);
}

/** `dryRun` takes the value All only, any number of times. */
export function checkDryRun(values: readonly unknown[]): FieldError[] {
  return values.every((value) => value === "All") ? [] : [notSupported("dryRun", values, ["All"])];
}

function checkManager(name: string): FieldError[] {
  const errors: FieldError[] = [];
  if (Buffer.byteLength(name) > MAX_MANAGER_BYTES) {
    const detail = `may not be more than ${MAX_MANAGER_BYTES} bytes`;
    errors.push({ type: "FieldValueTooLong", field: "fieldManager", detail });
  }
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(name)) {
    const detail = "should only contain printable characters";
    errors.push({ type: "FieldValueInvalid", field: "fieldManager", value: name, detail });
  }
  return errors;
}
