import { isObject } from "../json.ts";
import type { KubeObject } from "../kube-object.ts";
import { applyJsonPatch } from "../patch/json-patch.ts";
import { applyMergePatch } from "../patch/merge-patch.ts";
import { applyStrategicMergePatch } from "../patch/strategic-merge-patch.ts";
import { badRequest, notFound, StatusError, unsupportedMediaType } from "../status-error.ts";
import { type ApiRequest, groupResource, keyNamespace } from "./api-request.ts";
import { apply } from "./apply.ts";
import { checkPatchedType, finishObject } from "./decode-object.ts";
import { parseJson } from "./parse-json.ts";
import { updateObject, type Written } from "./write-object.ts";

const JSON_PATCH = "application/json-patch+json";
const MERGE_PATCH = "application/merge-patch+json";
const STRATEGIC_MERGE_PATCH = "application/strategic-merge-patch+json";
const APPLY_PATCH = "application/apply-patch+yaml";

/** PATCH of an object or of its status. */
export function patch(request: ApiRequest): Written {
  const { resource, contentType } = request;
  const accepted = resource.rules.custom
    ? [JSON_PATCH, MERGE_PATCH, APPLY_PATCH]
    : [JSON_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH, APPLY_PATCH];
  if (!accepted.includes(contentType)) {
    if (resource.rules.custom) throw unsupportedMediaType(accepted);
    throw new StatusError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {});
  }
  if (contentType === APPLY_PATCH) return apply(request);
  const parsed = parseJson(request.body, (why) => badRequest(`error decoding patch: ${why}`));
  const live = resource.store.get(keyNamespace(request), request.info.name);
  if (!live) throw notFound(groupResource(request), request.info.name);
  return updateObject(request, live, (current) => ({
    next: finishPatched(request, patched(request, current, parsed)),
  }));
}

function patched(request: ApiRequest, current: KubeObject, parsed: unknown): unknown {
  if (request.contentType === JSON_PATCH) return applyJsonPatch(current, parsed);
  if (!isObject(parsed)) {
    const what = Array.isArray(parsed) ? "array" : typeof parsed;
    throw badRequest(
      `error decoding patch: json: cannot unmarshal ${what} into Go value of type map[string]interface {}`,
    );
  }
  if (request.contentType === MERGE_PATCH) return applyMergePatch(current, parsed);
  return applyStrategicMergePatch(current, parsed, request.version.schema);
}

function finishPatched(request: ApiRequest, result: unknown): KubeObject {
  if (!isObject(result)) throw badRequest("the patched document is not an object");
  const object = finishObject(request, checkPatchedType(request, result), "patch");
  checkName(request, object);
  return object;
}

/** The name in the body must be the name in the URL. */
export function checkName({ info }: ApiRequest, { metadata }: KubeObject): void {
  if (!metadata.name) {
    throw badRequest(
      `the name of the object (${info.name} based on URL) was undeterminable: name must be provided`,
    );
  }
  if (metadata.name !== info.name) {
    throw badRequest(
      `the name of the object (${metadata.name}) does not match the name on the URL (${info.name})`,
    );
  }
}
