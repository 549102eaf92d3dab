import type { FieldSet } from "../apply/field-set.ts";
import type { FieldError } from "../field-error.ts";
import { type JsonObject, stringAt, without } from "../json.ts";
import type { KubeObject } from "../kube-object.ts";
import {
  type Resource,
  type ResourceRules,
  renameVersion,
  type ServedVersion,
  type WriteContext,
} from "../registry/resource.ts";
import { dnsSubdomain, type NameCheck, validateMeta, validateMetaUpdate } from "../registry/validate-meta.ts";
import type { JsonSchema } from "../schema/json-schema.ts";
import { compileRootSchema, type Schema } from "../schema/schema.ts";
import { throughGoType } from "../schema/zero-value.ts";
import type { FieldReader, FieldReaders } from "../selectors/field-selector.ts";
import type { ResourceStore } from "../store/resource-store.ts";
import { ageColumn, nameColumn, type TableColumn } from "../table/table-column.ts";

/** The verbs of a resource that is stored. */
export const ALL_VERBS = [
  "create",
  "delete",
  "deletecollection",
  "get",
  "list",
  "patch",
  "update",
  "watch",
] as const;

/** What a built-in resource adds to the rules that all objects obey. */
export interface BuiltinRules {
  readonly checkName?: NameCheck;
  readonly returnsDeleted?: boolean;
  /** Drops unknown fields that the schema cannot tell. */
  prune?: ResourceRules["prune"];
  /** Completes what a client sent, before anything else. */
  normalize?(object: KubeObject): KubeObject;
  warn?: ResourceRules["warn"];
  /** Runs on create, after `status` has been cleared where it is a subresource. */
  prepareCreate?(object: KubeObject, context: WriteContext): KubeObject;
  /** Replaces the usual update rule: `status` only through /status, everything else only through the object. */
  prepareUpdate?(next: KubeObject, live: KubeObject, context: WriteContext): KubeObject;
  validate?(object: KubeObject, live: KubeObject | undefined, context: WriteContext): readonly FieldError[];
  keep?: ResourceRules["keep"];
  finalize?(object: KubeObject): KubeObject;
  admit?: ResourceRules["admit"];
  /** Fields that an endpoint resets, where it is not the usual: `status` on the object, `spec` on /status. */
  readonly ignored?: (subresource: string) => FieldSet;
}

/** A built-in resource of one version. */
export interface BuiltinDefinition {
  /** Empty for the core group. */
  readonly group: string;
  readonly version?: string;
  readonly plural: string;
  readonly kind: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly namespaced: boolean;
  /** The fields beside apiVersion, kind and metadata. */
  readonly fields: { readonly [name: string]: JsonSchema };
  readonly subresources?: readonly string[];
  readonly columns?: readonly TableColumn[];
  /** Fields to select by, besides metadata.name and metadata.namespace. */
  readonly selectable?: { readonly [label: string]: FieldReader };
  /** The fields that even an empty object of the kind has: what Go writes of structs that are no pointers. */
  readonly zero?: JsonObject;
  readonly rules?: BuiltinRules;
  readonly answers?: Resource["answers"];
  readonly verbs?: readonly string[];
}

/** Completes the definition of a built-in resource. */
export function defineBuiltin(definition: BuiltinDefinition, store: ResourceStore): Resource {
  const { group, version: name = "v1", plural, kind, namespaced, fields, subresources = [] } = definition;
  const version: ServedVersion = {
    name,
    apiVersion: group ? `${group}/${name}` : name,
    schema: compileRootSchema({ type: "object", properties: fields }),
    subresources: new Set(subresources),
    columns: definition.columns ?? [nameColumn, ageColumn("string")],
    selectable: selectableFields(namespaced, definition.selectable),
    unknownField: (field) =>
      definition.selectable
        ? `field label not supported: ${field}`
        : `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`,
    deprecation: undefined,
  };
  return {
    group,
    plural,
    singular: kind.toLowerCase(),
    kind,
    listKind: `${kind}List`,
    shortNames: definition.shortNames ?? [],
    categories: definition.categories ?? [],
    namespaced,
    verbs: definition.verbs ?? ALL_VERBS,
    versions: new Map([[name, version]]),
    storageVersion: version,
    rules: builtinRules(
      definition.rules ?? {},
      subresources.includes("status"),
      version.schema,
      definition.zero,
    ),
    terminating: false,
    store,
    answers: definition.answers ?? new Map(),
    convert: renameVersion,
  };
}

/** The fields that every resource can be selected by, and more. */
export function selectableFields(
  namespaced: boolean,
  more: { readonly [label: string]: FieldReader } = {},
): FieldReaders {
  return new Map<string, FieldReader>([
    ["metadata.name", ({ metadata }) => metadata.name ?? ""],
    ...(namespaced
      ? ([["metadata.namespace", ({ metadata }) => metadata.namespace ?? ""]] as [string, FieldReader][])
      : []),
    ...Object.entries(more),
  ]);
}

/** Reads a field by its path, for selectors. */
export function readText(...path: readonly string[]): FieldReader {
  return (object) => stringAt(object, ...path) ?? "";
}

const STATUS: FieldSet = { "f:status": {} };
const ALL_BUT_STATUS: FieldSet = { "f:spec": {} };

function builtinRules(
  own: BuiltinRules,
  hasStatus: boolean,
  schema: Schema,
  zero: JsonObject = {},
): ResourceRules {
  const checkName = own.checkName ?? dnsSubdomain;
  return {
    custom: false,
    requireResourceVersion: false,
    returnsDeleted: own.returnsDeleted ?? false,
    zero,
    normalize(object) {
      const typed = throughGoType(object, schema, zero);
      return own.normalize?.(typed) ?? typed;
    },
    warn: own.warn ?? (() => []),
    prepareCreate(object, context) {
      const cleared = hasStatus ? { ...without(object, "status"), ...pick(zero, "status") } : object;
      return own.prepareCreate?.(cleared as KubeObject, context) ?? (cleared as KubeObject);
    },
    prepareUpdate(next, live, context) {
      if (own.prepareUpdate) return own.prepareUpdate(next, live, context);
      if (!hasStatus) return next;
      if (context.subresource === "status")
        return { ...live, metadata: next.metadata, ...pick(next, "status") };
      return { ...without(next, "status"), ...pick(live, "status") } as KubeObject;
    },
    validate(object, live, context) {
      const meta = live ? validateMetaUpdate(object, live, checkName) : validateMeta(object, checkName);
      return [...meta, ...(own.validate?.(object, live, context) ?? [])];
    },
    ignored(subresource) {
      if (own.ignored) return own.ignored(subresource);
      if (!hasStatus) return {};
      return subresource === "" ? STATUS : ALL_BUT_STATUS;
    },
    ...(own.prune && { prune: own.prune }),
    ...(own.keep && { keep: own.keep }),
    ...(own.finalize && { finalize: own.finalize }),
    ...(own.admit && { admit: own.admit }),
  };
}

/** The field alone, or nothing when the object does not have it. */
export function pick(object: JsonObject, name: string): { readonly [name: string]: unknown } {
  return Object.hasOwn(object, name) ? { [name]: object[name] } : {};
}
