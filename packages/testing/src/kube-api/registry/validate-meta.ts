import { type FieldError, forbidden, invalid, required } from "../field-error.ts";
import { deepEqual } from "../json.ts";
import type { KubeObject } from "../kube-object.ts";

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const QUALIFIED_NAME = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

const SUBDOMAIN_TEXT =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const NAME_TEXT =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const VALUE_TEXT =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/** All annotations of an object together may not be larger, in bytes. */
const MAX_ANNOTATIONS = 256 * 1024;

/** How the name of a resource's objects is checked; RBAC names, for one, are path segments and not DNS names. */
export type NameCheck = (name: string) => string | undefined;

/** Object names are DNS subdomains for most resources. */
export const dnsSubdomain: NameCheck = (name) => {
  if (name.length > 253) return "must be no more than 253 characters";
  return SUBDOMAIN.test(name) ? undefined : SUBDOMAIN_TEXT;
};

/** Names that only have to fit into a URL path. */
export const pathSegment: NameCheck = (name) => {
  if (name === "." || name === "..") return `may not be '${name}'`;
  const bad = ["/", "%"].find((character) => name.includes(character));
  return bad === undefined ? undefined : `may not contain '${bad}'`;
};

/** Checks `metadata` of an object about to be created. */
export function validateMeta({ metadata }: KubeObject, checkName: NameCheck): FieldError[] {
  const { name, labels = {}, annotations = {}, finalizers = [], ownerReferences = [] } = metadata;
  const errors: FieldError[] = [];
  const problem = name === undefined || name === "" ? undefined : checkName(name);
  if (!name) errors.push(required("metadata.name", "name or generateName is required"));
  if (problem !== undefined) errors.push(invalid("metadata.name", name, problem));
  for (const [key, value] of Object.entries(labels)) {
    if (!isQualifiedName(key)) errors.push(invalid("metadata.labels", key, NAME_TEXT));
    if (value.length > 63) errors.push(invalid("metadata.labels", value, "must be no more than 63 bytes"));
    else if (!LABEL_VALUE.test(value)) errors.push(invalid("metadata.labels", value, VALUE_TEXT));
  }
  let size = 0;
  for (const [key, value] of Object.entries(annotations)) {
    if (!isQualifiedName(key.toLowerCase())) errors.push(invalid("metadata.annotations", key, NAME_TEXT));
    size += key.length + value.length;
  }
  if (size > MAX_ANNOTATIONS) {
    const detail = `may not be more than ${MAX_ANNOTATIONS} bytes`;
    errors.push({ type: "FieldValueTooLong", field: "metadata.annotations", detail });
  }
  for (const finalizer of finalizers) {
    if (!isQualifiedName(finalizer)) errors.push(invalid("metadata.finalizers", finalizer, NAME_TEXT));
  }
  ownerReferences.forEach((owner, index) => {
    for (const field of ["apiVersion", "kind", "name", "uid"] as const) {
      if (!owner[field]) {
        errors.push(
          invalid(
            `metadata.ownerReferences[${index}].${field}`,
            owner[field] ?? "",
            `${field === "apiVersion" ? "version" : field} must not be empty`,
          ),
        );
      }
    }
  });
  return errors;
}

/** Checks `metadata` of an update: identity never changes, and no finalizer joins once deletion began. */
export function validateMetaUpdate(next: KubeObject, live: KubeObject, checkName: NameCheck): FieldError[] {
  if (next.metadata === live.metadata) return [];
  const errors = validateMeta(next, checkName).filter(({ field }) => field !== "metadata.name");
  for (const field of ["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp"] as const) {
    if (!deepEqual(next.metadata[field], live.metadata[field])) {
      errors.push(invalid(`metadata.${field}`, next.metadata[field] ?? null, "field is immutable"));
    }
  }
  if (live.metadata.deletionTimestamp !== undefined) {
    const added = (next.metadata.finalizers ?? []).filter(
      (finalizer) => !live.metadata.finalizers?.includes(finalizer),
    );
    if (added.length > 0) {
      const detail = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((text) => JSON.stringify(text)).join(", ")}}`;
      errors.push(forbidden("metadata.finalizers", detail));
    }
  }
  return errors;
}

function isQualifiedName(key: string): boolean {
  const [first = "", second, ...more] = key.split("/");
  if (more.length > 0) return false;
  const name = second ?? first;
  const prefixFits = second === undefined || (first.length <= 253 && SUBDOMAIN.test(first));
  return prefixFits && name.length <= 63 && QUALIFIED_NAME.test(name);
}
