import { selectableFields } from "../builtins/define-builtin.ts";
import { arrayAt, at, isObject, stringAt } from "../json.ts";
import type { KubeObject } from "../kube-object.ts";
import { customResourceRules } from "../registry/custom-resource-rules.ts";
import { type Resource, renameVersion, type ServedVersion } from "../registry/resource.ts";
import type { JsonSchema } from "../schema/json-schema.ts";
import { compileRootSchema } from "../schema/schema.ts";
import type { FieldReader } from "../selectors/field-selector.ts";
import type { ResourceStore } from "../store/resource-store.ts";
import { compileJsonPath } from "../table/json-path.ts";
import { type PrinterColumn, printerColumns } from "./printer-columns.ts";

/** In the order in which discovery lists them for custom resources. */
const VERBS = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"] as const;

/** The resource that a valid CustomResourceDefinition defines, over the store that holds its objects. */
export function customResource(crd: KubeObject, store: ResourceStore): Resource {
  const group = stringAt(crd, "spec", "group") ?? "";
  const kind = stringAt(crd, "spec", "names", "kind") ?? "";
  const namespaced = stringAt(crd, "spec", "scope") === "Namespaced";
  const given = arrayAt(crd, "spec", "versions").filter(isObject);
  const versions = given.map((version) => servedVersion(version, group, kind, namespaced));
  const storage = versions[given.findIndex((version) => version.storage === true)];
  if (!storage)
    throw new TypeError(`Expected a storage version in CustomResourceDefinition ${crd.metadata.name}`);
  const served = versions.filter((_version, index) => given[index]?.served === true);
  return {
    group,
    plural: stringAt(crd, "spec", "names", "plural") ?? "",
    singular: stringAt(crd, "spec", "names", "singular") ?? kind.toLowerCase(),
    kind,
    listKind: stringAt(crd, "spec", "names", "listKind") ?? `${kind}List`,
    shortNames: arrayAt(crd, "spec", "names", "shortNames").map(String),
    categories: arrayAt(crd, "spec", "names", "categories").map(String),
    namespaced,
    verbs: VERBS,
    versions: new Map(served.sort(byPriority).map((version) => [version.name, version])),
    storageVersion: storage,
    rules: customResourceRules(kind, storage.subresources.has("status")),
    terminating: crd.metadata.deletionTimestamp !== undefined,
    store,
    answers: new Map(),
    convert: renameVersion,
  };
}

function servedVersion(version: object, group: string, kind: string, namespaced: boolean): ServedVersion {
  const name = stringAt(version, "name") ?? "";
  const apiVersion = `${group}/${name}`;
  const warning = stringAt(version, "deprecationWarning") ?? `${apiVersion} ${kind} is deprecated`;
  const selectable = arrayAt(version, "selectableFields").map((selected): [string, FieldReader] => {
    const jsonPath = stringAt(selected, "jsonPath") ?? "";
    const read = compileJsonPath(jsonPath);
    return [jsonPath.replace(/^\./, ""), (object) => String(read?.(object)[0] ?? "")];
  });
  return {
    name,
    apiVersion,
    schema: compileRootSchema((at(version, "schema", "openAPIV3Schema") ?? {}) as JsonSchema),
    subresources: new Set(isObject(at(version, "subresources", "status")) ? ["status"] : []),
    columns: printerColumns(arrayAt(version, "additionalPrinterColumns") as readonly PrinterColumn[]),
    selectable: selectableFields(namespaced, Object.fromEntries(selectable)),
    unknownField: (field) => `field label not supported: ${field}`,
    deprecation: at(version, "deprecated") === true ? warning : undefined,
  };
}

/** Kubernetes' version priority: stable before beta before alpha, higher numbers first. */
function byPriority(left: ServedVersion, right: ServedVersion): number {
  const rank = ({ name }: ServedVersion): readonly number[] => {
    const parts = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(name);
    if (!parts) return [3, 0, 0];
    const [, major, stage, minor = "0"] = parts;
    return [stage === undefined ? 0 : stage === "beta" ? 1 : 2, -Number(major), -Number(minor)];
  };
  const [a, b] = [rank(left), rank(right)];
  const at = a.findIndex((value, index) => value !== b[index]);
  return at < 0 ? (left.name < right.name ? -1 : 1) : (a[at] ?? 0) - (b[at] ?? 0);
}
