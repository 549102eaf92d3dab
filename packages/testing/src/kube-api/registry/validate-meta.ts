import { type FieldError, forbidden, invalid, required } from "../field-error.ts";
import { deepEqual } from "../json.ts";
import type { KubeObject, OwnerReference } from "../kube-object.ts";
import { labelKeyProblems, labelValueProblems, subdomainProblems } from "./qualified-name.ts";

/** All annotations of an object together may not be larger, in bytes. */
const MAX_ANNOTATIONS = 256 * 1024;

/** How the name of a resource's objects is checked: what is wrong with it, in the server's words. */
export type NameCheck = (name: string) => readonly string[];

/** Object names are DNS subdomains for most resources. */
export const dnsSubdomain: NameCheck = (name) => subdomainProblems(name);

/** Names that only have to fit into a URL path, as those of RBAC. */
export const pathSegment: NameCheck = (name) => {
  if (name === "." || name === "..") return [`may not be '${name}'`];
  return ["/", "%"].filter((character) => name.includes(character)).map((bad) => `may not contain '${bad}'`);
};

/** Checks `metadata` of an object about to be created. */
export function validateMeta({ metadata }: KubeObject, checkName: NameCheck): FieldError[] {
  const { name, labels = {}, annotations = {}, finalizers = [], ownerReferences = [] } = metadata;
  const errors = name
    ? checkName(name).map((problem) => invalid("metadata.name", name, problem))
    : [required("metadata.name", "name or generateName is required")];
  for (const [key, value] of Object.entries(labels)) {
    errors.push(...labelKeyProblems(key).map((problem) => invalid("metadata.labels", key, problem)));
    errors.push(...labelValueProblems(value).map((problem) => invalid("metadata.labels", value, problem)));
  }
  let size = 0;
  for (const [key, value] of Object.entries(annotations)) {
    const problems = labelKeyProblems(key.toLowerCase());
    errors.push(...problems.map((problem) => invalid("metadata.annotations", key, problem)));
    size += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (size > MAX_ANNOTATIONS) {
    const detail = `may not be more than ${MAX_ANNOTATIONS} bytes`;
    errors.push({ type: "FieldValueTooLong", field: "metadata.annotations", detail });
  }
  for (const finalizer of finalizers) {
    const problems = labelKeyProblems(finalizer);
    errors.push(...problems.map((problem) => invalid("metadata.finalizers", finalizer, problem)));
  }
  return [...errors, ...checkOwners(ownerReferences)];
}

/**
 * Checks `metadata` of an update: identity never changes, and no finalizer joins once deletion began. The real server
 * runs these checks twice, so each violation is reported twice.
 */
export function validateMetaUpdate(next: KubeObject, live: KubeObject, checkName: NameCheck): FieldError[] {
  if (next.metadata === live.metadata) return [];
  const errors = validateMeta(next, checkName).filter(({ field }) => field !== "metadata.name");
  for (const field of ["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp"] as const) {
    if (!deepEqual(next.metadata[field], live.metadata[field])) {
      errors.push(invalid(`metadata.${field}`, next.metadata[field] ?? null, "field is immutable"));
    }
  }
  if (live.metadata.deletionTimestamp !== undefined) {
    const had = live.metadata.finalizers ?? [];
    const added = (next.metadata.finalizers ?? []).filter((finalizer) => !had.includes(finalizer));
    const list = added.map((text) => JSON.stringify(text)).join(", ");
    const detail = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`;
    if (added.length > 0) errors.push(forbidden("metadata.finalizers", detail));
  }
  return [...errors, ...errors];
}

function checkOwners(owners: readonly OwnerReference[]): FieldError[] {
  const path = "metadata.ownerReferences";
  const errors = owners.flatMap((owner) => checkOwner(owner, path));
  const [first, second] = owners.filter(({ controller }) => controller === true);
  if (!first || !second) return errors;
  const detail = `Only one reference can have Controller set to true. Found "true" in references for ${first.kind}/${first.name} and ${second.kind}/${second.name}`;
  return [...errors, invalid(path, owners, detail)];
}

function checkOwner(owner: OwnerReference, path: string): FieldError[] {
  const errors = (["apiVersion", "kind", "name", "uid"] as const)
    .filter((field) => !owner[field])
    .map((field) =>
      invalid(
        `${path}.${field}`,
        owner[field] ?? "",
        field === "apiVersion" ? "version must not be empty" : "must not be empty",
      ),
    );
  if (owner.apiVersion !== "v1" || owner.kind !== "Event") return errors;
  return [...errors, invalid(path, owner, "/v1, Kind=Event is disallowed from being an owner")];
}
