import { randomInt, randomUUID } from "node:crypto";
import type { Managers } from "../apply/managers.ts";
import { deepEqual } from "../json.ts";
import type { KubeObject, ObjectMeta } from "../kube-object.ts";
import type { Resource } from "../registry/resource.ts";
import {
  alreadyExists,
  badRequest,
  conflict,
  forbiddenError,
  invalidObject,
  notFound,
  StatusError,
} from "../status-error.ts";
import { Stored } from "../store/stored.ts";
import { type ApiRequest, groupResource, isDryRun, keyNamespace, writeContext } from "./api-request.ts";
import { checkNamespaceForCreate } from "./check-namespace.ts";
import { emptyObject, trackUpdate, withManagers } from "./track-managers.ts";

const MODIFIED =
  "the object has been modified; please apply your changes to the latest version and try again";

/** Metadata that an update keeps, whatever the client sent. */
const CARRIED = ["namespace", "creationTimestamp", "generation", "resourceVersion"];

/** Metadata that an update keeps once it is there: a client that sets it before is refused. */
const DELETION = ["deletionTimestamp", "deletionGracePeriodSeconds"];

/** Generated names end in five of these: no vowels, no digits that look like letters. */
const SUFFIX_CHARACTERS = "bcdfghjklmnpqrstvwxz2456789";

/** The object in its stored version, and whether this request created it. */
export interface Written {
  readonly stored: Stored;
  readonly created: boolean;
}

/**
 * Stores a new object. `managers` are given by an apply; without them the request's manager comes to own all fields.
 */
export function createObject(request: ApiRequest, given: KubeObject, managers?: Managers): Written {
  const { resource, version, state } = request;
  const context = writeContext(request);
  const namespace = keyNamespace(request);
  checkNamespaceForCreate(request);
  checkTerminating(request, given);
  checkObjectNamespace(request, given);
  const metadata: ObjectMeta = { ...given.metadata };
  if (metadata.resourceVersion) {
    throw new StatusError(500, "", "resourceVersion should not be set on objects to be created");
  }
  for (const name of [
    "resourceVersion",
    "selfLink",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
  ])
    delete metadata[name];
  if (resource.namespaced) metadata.namespace = namespace;
  else delete metadata.namespace;
  if (!metadata.name && metadata.generateName) metadata.name = generateName(metadata.generateName);
  metadata.uid = randomUUID();
  metadata.creationTimestamp = context.now;
  const prepared = resource.rules.prepareCreate({ ...given, metadata }, context);
  const owners = managers ?? trackUpdate(request, emptyObject(request), { ...given, metadata });
  const object = withManagers(prepared, owners);
  const name = object.metadata.name ?? "";
  const errors = resource.rules.validate(object, undefined, context, version);
  if (errors.length > 0) throw invalidObject(object.kind, errorGroup(resource, object), name, errors);
  resource.rules.admit?.(object, undefined, context, state.authorizer);
  request.warnings.push(...resource.rules.warn(object, undefined));
  const existing = resource.store.get(namespace, name);
  if (existing) throw alreadyExists(groupResource(request), name, isDeleting(existing));
  const converted = resource.convert(object, resource.storageVersion);
  if (isDryRun(request)) return { stored: new Stored("", converted, state.revision.current), created: true };
  return { stored: resource.store.put(namespace, name, converted), created: true };
}

/** The group in a 422: that of the object at hand, or of the version that built-in objects are validated in. */
function errorGroup({ rules, storageVersion }: Resource, object: KubeObject): string {
  const { apiVersion } = rules.custom ? object : storageVersion;
  return apiVersion.includes("/") ? (apiVersion.split("/", 1)[0] ?? "") : "";
}

function isDeleting({ object }: Stored): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

/** While a CustomResourceDefinition goes, nothing new of its kind begins. */
function checkTerminating(request: ApiRequest, { metadata }: KubeObject): void {
  if (!request.resource.terminating) return;
  const why = "create not allowed while custom resource definition is terminating";
  throw forbiddenError(groupResource(request), metadata.name ?? "", why);
}

/** What an update brings: the new object in the request's version, and its managers when an apply made it. */
export interface Change {
  readonly next: KubeObject;
  readonly managers?: Managers | undefined;
}

/** Replaces the live object by what `change` makes of it, under all rules of the real server. */
export function updateObject(
  request: ApiRequest,
  live: Stored,
  change: (live: KubeObject) => Change,
): Written {
  const { resource, version, info, state } = request;
  const context = writeContext(request);
  const current = resource.convert(live.object, version);
  const { next: given, managers } = change(current);
  checkObjectNamespace(request, given);
  checkPrecondition(request, given, live);
  checkResourceVersion(request, given, live);
  const next = carryMetadata(given, current);
  const prepared = resource.rules.prepareUpdate(next, current, context);
  const object = withManagers(prepared, managers ?? trackUpdate(request, current, next));
  const errors = resource.rules.validate(object, current, context, version);
  if (errors.length > 0) throw invalidObject(object.kind, errorGroup(resource, object), info.name, errors);
  resource.rules.admit?.(object, current, context, state.authorizer);
  request.warnings.push(...resource.rules.warn(object, current));
  return commitUpdate(request, live, object);
}

function commitUpdate(request: ApiRequest, live: Stored, object: KubeObject): Written {
  const { resource, info, state } = request;
  const converted = resource.convert(object, resource.storageVersion);
  if (isSameButForTimes(converted, live.object)) return { stored: live, created: false };
  if (isDryRun(request)) return { stored: new Stored("", converted, state.revision.current), created: false };
  const namespace = keyNamespace(request);
  const { deletionTimestamp, finalizers = [] } = converted.metadata;
  if (deletionTimestamp !== undefined && finalizers.length === 0) {
    // The last finalizer went: what watches see last is the object before this write, and the write has no revision.
    resource.store.remove(namespace, info.name, live.object);
    return { stored: new Stored("", converted, live.revision), created: false };
  }
  return { stored: resource.store.put(namespace, info.name, converted), created: false };
}

/** The live object, or 404. */
export function requireLive(request: ApiRequest): Stored {
  const live = request.resource.store.get(keyNamespace(request), request.info.name);
  if (!live) throw notFound(groupResource(request), request.info.name);
  return live;
}

/** Identity and life cycle are the server's: an update keeps them whatever the client sent. */
function carryMetadata(given: KubeObject, live: KubeObject): KubeObject {
  const metadata: ObjectMeta = { ...given.metadata };
  for (const name of metadata.uid ? CARRIED : ["uid", ...CARRIED]) {
    if (live.metadata[name] === undefined) delete metadata[name];
    else metadata[name] = live.metadata[name];
  }
  for (const name of DELETION) {
    if (live.metadata[name] !== undefined) metadata[name] = live.metadata[name];
  }
  return { ...given, metadata };
}

/** A PUT that names a uid is meant for that very object; patches are not held to it. */
function checkPrecondition(request: ApiRequest, { metadata }: KubeObject, { key, object }: Stored): void {
  const { resource, info } = request;
  const { uid } = object.metadata;
  if (info.verb !== "update" || !metadata.uid || metadata.uid === uid) return;
  const path = `/registry/${resource.group ? `${resource.group}/` : ""}${resource.plural}/${key.replace(/^\//, "")}`;
  const why = `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${uid}`;
  throw conflict(
    groupResource(request),
    info.name,
    `StorageError: invalid object, Code: 4, Key: ${path}, ResourceVersion: 0, AdditionalErrorMsg: ${why}`,
  );
}

function checkResourceVersion(request: ApiRequest, { metadata }: KubeObject, live: Stored): void {
  const { resource, info } = request;
  const given = metadata.resourceVersion ?? "";
  if (given === "" || given === "0") {
    if (!resource.rules.requireResourceVersion) return;
    throw invalidObject(resource.plural, resource.group, info.name, [
      {
        type: "FieldValueInvalid",
        field: "metadata.resourceVersion",
        value: 0,
        detail: "must be specified for an update",
      },
    ]);
  }
  if (!/^\d+$/.test(given)) {
    throw new StatusError(500, "", `strconv.ParseUint: parsing ${JSON.stringify(given)}: invalid syntax`);
  }
  if (given !== live.object.metadata.resourceVersion)
    throw conflict(groupResource(request), info.name, MODIFIED);
}

function checkObjectNamespace(request: ApiRequest, { metadata }: KubeObject): void {
  const expected = keyNamespace(request);
  const { namespace = "" } = metadata;
  if (namespace !== "" && namespace !== expected) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
}

/** A write that would only move the times of managed fields is none (IgnoreManagedFieldsTimestampsTransformer). */
function isSameButForTimes(next: KubeObject, live: KubeObject): boolean {
  const { metadata, ...rest } = next;
  const { metadata: liveMetadata, ...liveRest } = live;
  if (!deepEqual(rest, liveRest)) return false;
  const { managedFields = [], ...meta } = metadata;
  const { managedFields: liveFields = [], ...liveMeta } = liveMetadata;
  if (!deepEqual(meta, liveMeta) || managedFields.length !== liveFields.length) return false;
  const timeless = (entries: typeof managedFields) =>
    entries.map((entry) => JSON.stringify({ ...entry, time: "", fieldsV1: "" }));
  const before = timeless(liveFields);
  return timeless(managedFields).every((text, index) => {
    const at = before.indexOf(text);
    return at >= 0 && deepEqual(managedFields[index]?.fieldsV1, liveFields[at]?.fieldsV1);
  });
}

function generateName(base: string): string {
  const suffix = Array.from({ length: 5 }, () => SUFFIX_CHARACTERS[randomInt(SUFFIX_CHARACTERS.length)]).join(
    "",
  );
  return `${base.slice(0, 58)}${suffix}`;
}
