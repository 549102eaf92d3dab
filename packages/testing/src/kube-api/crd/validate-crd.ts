import { type FieldError, invalid, notSupported, required } from "../field-error.ts";
import { arrayAt, at, deepEqual, isObject, stringAt } from "../json.ts";
import type { KubeObject } from "../kube-object.ts";
import type { JsonSchema } from "../schema/json-schema.ts";
import { compileJsonPath } from "../table/json-path.ts";
import { validateStructural } from "./structural.ts";

const LABEL = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const LABEL_TEXT =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const SCOPES = ["Cluster", "Namespaced"];
const CONVERSIONS = ["None", "Webhook"];
const APPROVAL = "api-approved.kubernetes.io";

/** Checks a CustomResourceDefinition about to be stored. */
export function validateCrd(crd: KubeObject, live: KubeObject | undefined): FieldError[] {
  const { name = "" } = crd.metadata;
  const group = stringAt(crd, "spec", "group") ?? "";
  const plural = stringAt(crd, "spec", "names", "plural") ?? "";
  const scope = stringAt(crd, "spec", "scope") ?? "";
  const errors: FieldError[] = [];
  if (name !== `${plural}.${group}`)
    errors.push(invalid("metadata.name", name, 'must be spec.names.plural+"."+spec.group'));
  if (group === "") errors.push(required("spec.group"));
  else if (!isApproved(crd, group)) {
    const detail = `protected groups must have approval annotation "${APPROVAL}", see https://github.com/kubernetes/enhancements/pull/1111`;
    errors.push(required(`metadata.annotations[${APPROVAL}]`, detail));
  } else if (!group.includes("."))
    errors.push(invalid("spec.group", group, "should be a domain with at least one dot"));
  if (scope === "") errors.push(required("spec.scope"));
  else if (!SCOPES.includes(scope)) errors.push(notSupported("spec.scope", scope, SCOPES));
  if (at(crd, "spec", "preserveUnknownFields") === true) {
    const detail =
      "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead";
    errors.push(invalid("spec.preserveUnknownFields", true, detail));
  }
  return [
    ...errors,
    ...validateNames(crd),
    ...validateConversion(crd),
    ...validateVersions(crd),
    ...(live ? validateFixed(crd, live) : []),
  ];
}

/** Groups of the Kubernetes project are kept for APIs that it has reviewed. */
function isApproved({ metadata }: KubeObject, group: string): boolean {
  const isProtected = /(^|\.)(k8s\.io|kubernetes\.io)$/.test(group);
  return !isProtected || metadata.annotations?.[APPROVAL] !== undefined;
}

function validateNames(crd: KubeObject): FieldError[] {
  const path = "spec.names";
  const part = (name: string) => stringAt(crd, "spec", "names", name) ?? "";
  const label = (field: string, value: string): FieldError[] =>
    LABEL.test(value) ? [] : [invalid(field, value, LABEL_TEXT)];
  const kindLike = (field: string, value: string): FieldError[] => {
    const detail = `may have mixed case, but should otherwise match: ${LABEL_TEXT}`;
    return LABEL.test(value.toLowerCase()) ? [] : [invalid(field, value, detail)];
  };
  const [plural, kind, singular, listKind] = ["plural", "kind", "singular", "listKind"].map(part);
  const errors: FieldError[] = [];
  errors.push(...(plural ? label(`${path}.plural`, plural) : [required(`${path}.plural`)]));
  if (singular) errors.push(...label(`${path}.singular`, singular));
  errors.push(...(kind ? kindLike(`${path}.kind`, kind) : [required(`${path}.kind`)]));
  if (listKind) errors.push(...kindLike(`${path}.listKind`, listKind));
  if (kind && kind === listKind)
    errors.push(invalid(`${path}.listKind`, listKind, "kind and listKind may not be the same"));
  for (const list of ["shortNames", "categories"]) {
    arrayAt(crd, "spec", "names", list).forEach((name, index) => {
      errors.push(...label(`${path}.${list}[${index}]`, String(name)));
    });
  }
  return errors;
}

function validateConversion(crd: KubeObject): FieldError[] {
  const strategy = stringAt(crd, "spec", "conversion", "strategy") ?? "";
  if (CONVERSIONS.includes(strategy)) return [];
  return [notSupported("spec.conversion.strategy", strategy, CONVERSIONS)];
}

function validateVersions(crd: KubeObject): FieldError[] {
  const versions = arrayAt(crd, "spec", "versions").filter(isObject);
  const errors: FieldError[] = [];
  const stored = versions.filter(({ storage }) => storage === true);
  if (stored.length !== 1)
    errors.push(
      invalid("spec.versions", versions, "must have exactly one version marked as storage version"),
    );
  const schemas = versions.map((version) => at(version, "schema", "openAPIV3Schema"));
  // The server keeps a schema that all versions share in one place, and names that place in its errors.
  const isShared = schemas.every((schema) => deepEqual(schema, schemas[0]));
  versions.forEach((version, index) => {
    const path = `spec.versions[${index}]`;
    const name = stringAt(version, "name") ?? "";
    if (!LABEL.test(name)) errors.push(invalid(`${path}.name`, name, LABEL_TEXT));
    const schema = schemas[index];
    if (!isObject(schema)) {
      errors.push(required(`${path}.schema.openAPIV3Schema`));
      return;
    }
    if (!isShared || index === 0) {
      const place = isShared ? "spec.validation.openAPIV3Schema" : `${path}.schema.openAPIV3Schema`;
      errors.push(...validateStructural(schema as JsonSchema, place));
    }
    const fieldsPath = isShared ? "spec" : path;
    if (!isShared || index === 0)
      errors.push(...validateSelectable(version, schema as JsonSchema, fieldsPath));
    arrayAt(version, "additionalPrinterColumns").forEach((column, at) => {
      const jsonPath = stringAt(column, "jsonPath") ?? "";
      if (!compileJsonPath(jsonPath)) {
        errors.push(
          invalid(
            `${path}.additionalPrinterColumns[${at}].jsonPath`,
            jsonPath,
            "is not a JSONPath that this server understands",
          ),
        );
      }
    });
  });
  if (stored.length !== 1 && arrayAt(crd, "status", "storedVersions").length === 0) {
    errors.push(invalid("status.storedVersions", null, "must have at least one stored version"));
  }
  return errors;
}

function validateSelectable(version: unknown, schema: JsonSchema, path: string): FieldError[] {
  return arrayAt(version, "selectableFields").flatMap((selectable, index) => {
    const jsonPath = stringAt(selectable, "jsonPath") ?? "";
    const names = jsonPath.split(".").slice(1);
    const target = names.reduce<JsonSchema | undefined>((node, name) => node?.properties?.[name], schema);
    const at = `${path}.selectableFields[${index}].jsonPath`;
    if (names.length === 0 || !target)
      return [invalid(at, jsonPath, "is an invalid path: does not refer to a valid field")];
    const scalar = target.type === "string" || target.type === "integer" || target.type === "boolean";
    return scalar ? [] : [invalid(at, jsonPath, "must point to a field of type string, boolean or integer")];
  });
}

function validateFixed(crd: KubeObject, live: KubeObject): FieldError[] {
  const fixed: readonly (readonly string[])[] = [
    ["spec", "scope"],
    ["spec", "names", "kind"],
    ["spec", "group"],
    ["spec", "names", "plural"],
  ];
  return fixed
    .filter((path) => at(crd, ...path) !== at(live, ...path))
    .map((path) => invalid(path.join("."), at(crd, ...path) ?? "", "field is immutable"));
}
