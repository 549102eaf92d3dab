import type { FieldSet } from "../apply/field-set.ts";
import type { Authorizer } from "../auth/authorizer.ts";
import type { UserInfo } from "../auth/user.ts";
import type { FieldError } from "../field-error.ts";
import type { JsonObject } from "../json.ts";
import type { KubeObject } from "../kube-object.ts";
import type { Pruned } from "../schema/prune.ts";
import type { Schema } from "../schema/schema.ts";
import type { FieldReaders } from "../selectors/field-selector.ts";
import type { ResourceStore } from "../store/resource-store.ts";
import type { TableColumn } from "../table/table-column.ts";
import type { ApiRequest } from "../verbs/api-request.ts";

/** One served version of a resource. */
export interface ServedVersion {
  readonly name: string;
  /** `group/version`, or `version` for the core group. */
  readonly apiVersion: string;
  readonly schema: Schema;
  /** Subresources served besides the object itself, such as `status`. */
  readonly subresources: ReadonlySet<string>;
  /** The columns of `kubectl get`. */
  readonly columns: readonly TableColumn[];
  readonly selectable: FieldReaders;
  /** What a selection by any other field is answered with. */
  readonly unknownField: (field: string) => string;
  /** Sent as a Warning header with every answer, when the version is deprecated. */
  readonly deprecation: string | undefined;
}

/** What the rules of a resource may look at besides the object. */
export interface WriteContext {
  readonly user: UserInfo;
  /** RFC 3339, whole seconds. */
  readonly now: string;
  /** Empty for the object itself. */
  readonly subresource: string;
}

/** What is particular to one resource in the life of its objects. All functions are pure. */
export interface ResourceRules {
  /** True for custom resources: no strategic merge patch, and a PUT must name the resourceVersion. */
  readonly custom: boolean;
  /** Drops unknown fields where the version's schema cannot tell them. */
  prune?(object: KubeObject): Pruned<KubeObject>;
  /** Completes what a client sent, as the server's decoding does. */
  normalize(object: KubeObject): KubeObject;
  /** The fields that even an empty object of the kind has. */
  readonly zero: JsonObject;
  /** What the client should be told about a valid object. */
  warn(object: KubeObject, live: KubeObject | undefined): readonly string[];
  /** Sets and clears what a client may not decide on create. */
  prepareCreate(object: KubeObject, context: WriteContext): KubeObject;
  /** Keeps what this endpoint may not change, and counts the generation up when the desired state changed. */
  prepareUpdate(next: KubeObject, live: KubeObject, context: WriteContext): KubeObject;
  /** Violations of an object about to be stored; `live` is undefined on create. */
  validate(
    object: KubeObject,
    live: KubeObject | undefined,
    context: WriteContext,
    version: ServedVersion,
  ): readonly FieldError[];
  /** The fields that an endpoint resets, which therefore nobody comes to own through it. */
  ignored(subresource: string): FieldSet;
  /** True when a PUT must name the resourceVersion that it replaces. */
  readonly requireResourceVersion: boolean;
  /** A deletion answers with the deleted object; otherwise with a Status. */
  readonly returnsDeleted: boolean;
  /** Throws 403 when the user may not make this valid change: permissions beyond the endpoint's own. */
  admit?(next: KubeObject, live: KubeObject | undefined, context: WriteContext, authorizer: Authorizer): void;
  /** Why the object may not be deleted; undefined when it may. */
  keep?(object: KubeObject): string | undefined;
  /** What a deletion changes besides the deletionTimestamp, where a controller has to finish it; itself otherwise. */
  finalize?(object: KubeObject): KubeObject;
}

/** A resource as discovery names it, its versions, its rules, and its objects. */
export interface Resource {
  readonly group: string;
  /** The plural, as in the URL. */
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly listKind: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  /** Served versions, preferred first. */
  readonly versions: ReadonlyMap<string, ServedVersion>;
  /** The apiVersion that objects are stored in. */
  readonly storageVersion: ServedVersion;
  readonly rules: ResourceRules;
  /** True while its definition is being deleted: nothing new is created. */
  readonly terminating: boolean;
  readonly store: ResourceStore;
  /**
   * Creates that answer and store nothing, by subresource: reviews under the empty string, `token` of service accounts.
   */
  readonly answers: ReadonlyMap<string, (request: ApiRequest) => KubeObject>;
  /** Rewrites an object from one served version to another. */
  convert(object: KubeObject, to: ServedVersion): KubeObject;
}

/** The conversion of resources whose versions differ in name only (CRD strategy None). */
export function renameVersion(
  object: KubeObject,
  { apiVersion }: { readonly apiVersion: string },
): KubeObject {
  return object.apiVersion === apiVersion ? object : { ...object, apiVersion };
}
