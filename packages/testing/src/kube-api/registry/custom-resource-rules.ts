import type { FieldSet } from "../apply/field-set.ts";
import { type FieldError, invalid } from "../field-error.ts";
import { deepEqual, without } from "../json.ts";
import type { KubeObject } from "../kube-object.ts";
import { validateUniqueLists } from "../schema/unique-lists.ts";
import { validateValue } from "../schema/validate.ts";
import { finalizerWarnings } from "./finalizer-warnings.ts";
import type { ResourceRules, ServedVersion } from "./resource.ts";
import { dnsSubdomain, validateMeta, validateMetaUpdate } from "./validate-meta.ts";

const IGNORE_STATUS: FieldSet = { "f:status": {} };
const IGNORE_SPEC: FieldSet = { "f:spec": {} };

/** The rules of custom resources (apiextensions-apiserver's strategies); `hasStatus`: the status subresource is on. */
export function customResourceRules(kind: string, hasStatus: boolean): ResourceRules {
  return {
    custom: true,
    requireResourceVersion: true,
    returnsDeleted: false,
    zero: {},
    normalize: (object) => object,
    warn: finalizerWarnings,
    prepareCreate(object) {
      const created = hasStatus ? without(object, "status") : object;
      return { ...created, metadata: { ...created.metadata, generation: 1 } };
    },
    prepareUpdate(next, live, { subresource }) {
      return subresource === "status" ? takeStatus(next, live) : keepStatus(next, live, hasStatus);
    },
    validate(object, live, { subresource }, version) {
      const wrongType = checkTypeMeta(object, kind, version);
      if (wrongType) return [wrongType];
      const meta = live ? validateMetaUpdate(object, live, dnsSubdomain) : validateMeta(object, dnsSubdomain);
      return [...meta, ...validateBody(object, live, subresource, version)];
    },
    ignored(subresource) {
      if (subresource === "status") return IGNORE_SPEC;
      return hasStatus ? IGNORE_STATUS : {};
    },
  };
}

/** Through /status only the status changes: metadata of the request is dropped unread, as the real server does. */
function takeStatus(next: KubeObject, live: KubeObject): KubeObject {
  const kept = { ...live, metadata: live.metadata };
  if (!Object.hasOwn(next, "status")) return without(kept, "status");
  return deepEqual(next.status, live.status) ? kept : { ...kept, status: next.status };
}

function keepStatus(next: KubeObject, live: KubeObject, hasStatus: boolean): KubeObject {
  let kept = next;
  if (hasStatus)
    kept = Object.hasOwn(live, "status") ? { ...next, status: live.status } : without(next, "status");
  const { metadata: _new, ...desired } = kept;
  const { metadata: _old, ...current } = live;
  const generation = live.metadata.generation ?? 1;
  const changed = !deepEqual(desired, current);
  return { ...kept, metadata: { ...kept.metadata, generation: changed ? generation + 1 : generation } };
}

function checkTypeMeta(object: KubeObject, kind: string, { apiVersion }: ServedVersion) {
  if (object.kind !== kind) return invalid("kind", object.kind, `must be ${kind}`);
  if (object.apiVersion !== apiVersion)
    return invalid("apiVersion", object.apiVersion, `must be ${apiVersion}`);
  return undefined;
}

function validateBody(
  object: KubeObject,
  live: KubeObject | undefined,
  subresource: string,
  { schema }: ServedVersion,
) {
  if (subresource === "status") {
    const status = schema.properties.get("status");
    if (!status || !Object.hasOwn(object, "status") || object.status === live?.status) return [];
    return [
      ...validateValue(object.status, status, "", live?.status).map(underStatus),
      ...ratchetUnique(object, live, schema),
    ];
  }
  return [...validateValue(object, schema, "", live), ...ratchetUnique(object, live, schema)];
}

/** On /status the texts name fields from the status on, the causes from the object on. */
function underStatus(error: FieldError): FieldError {
  if (error.field === "<nil>")
    return { ...error, field: error.type === "FieldValueTypeInvalid" ? "status" : "<nil>" };
  return { ...error, field: `status.${error.field}` };
}

/** A list that already had duplicates may keep them: only new violations are refused. */
function ratchetUnique(object: KubeObject, live: KubeObject | undefined, schema: ServedVersion["schema"]) {
  const errors = validateUniqueLists(object, schema, "");
  return errors.length > 0 && live && validateUniqueLists(live, schema, "").length > 0 ? [] : errors;
}
