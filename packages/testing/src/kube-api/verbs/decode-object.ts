import { isObject, type JsonObject } from "../json.ts";
import type { KubeObject } from "../kube-object.ts";
import { applyDefaults } from "../schema/default.ts";
import { prune } from "../schema/prune.ts";
import { badRequest } from "../status-error.ts";
import type { ApiRequest } from "./api-request.ts";

/** Parses the body of a create or update into an object of the request's version. */
export function decodeBody(request: ApiRequest): KubeObject {
  const { resource, version, body } = request;
  const unrecognized = (why: string) =>
    badRequest(
      `the object provided is unrecognized (must be of type ${resource.kind}): ${why} (${excerpt(body)})`,
    );
  const raw = parseJson(body, (why) => unrecognized(`couldn't get version/kind; json parse error: ${why}`));
  if (!isObject(raw))
    throw unrecognized("couldn't get version/kind; json parse error: json: cannot unmarshal into Go value");
  if (resource.rules.custom) {
    if (typeof raw.kind !== "string" || raw.kind === "")
      throw unrecognized(`Object 'Kind' is missing in '${excerpt(body)}'`);
    if (typeof raw.apiVersion !== "string" || raw.apiVersion === "") {
      throw unrecognized(`Object 'apiVersion' is missing in '${excerpt(body)}'`);
    }
  } else {
    const { kind = resource.kind, apiVersion = version.apiVersion } = raw;
    if (kind !== resource.kind) {
      throw badRequest(
        `${String(kind)} in version ${JSON.stringify(version.name)} cannot be handled as a ${resource.kind}: converting (${String(kind)}) to (${resource.kind}): unknown conversion`,
      );
    }
    if (apiVersion !== version.apiVersion) {
      throw badRequest(
        `the API version in the data (${String(apiVersion)}) does not match the expected API version (${version.apiVersion})`,
      );
    }
  }
  return finishObject(request, { kind: resource.kind, apiVersion: version.apiVersion, ...raw }, "request");
}

/**
 * Drops unknown fields (with a warning, or an error for `fieldValidation=Strict`) and fills in defaults. The result
 * shares what it can with `raw`.
 */
export function finishObject(request: ApiRequest, raw: JsonObject, source: "request" | "patch"): KubeObject {
  const { resource, version, query } = request;
  const typed = withMetadata(request, raw);
  const { value, dropped } = prune(typed, version.schema);
  const directive = query.get("fieldValidation") ?? "Warn";
  if (dropped.length > 0 && directive !== "Ignore") {
    const texts = dropped.map((path) => `unknown field ${JSON.stringify(path)}`).sort();
    if (directive === "Strict") {
      const label =
        source === "request"
          ? `${resource.kind} in version ${JSON.stringify(version.name)} cannot be handled as a ${resource.kind}: `
          : "";
      throw badRequest(`${label}strict decoding error: ${texts.join(", ")}`);
    }
    request.warnings.push(...texts);
  }
  return applyDefaults(value, version.schema);
}

/** Parses JSON; `fail` words the error. */
export function parseJson(text: string, fail: (why: string) => Error): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw fail(error instanceof Error ? error.message : String(error));
  }
}

function withMetadata({ resource, version }: ApiRequest, raw: JsonObject): KubeObject {
  const { metadata = {} } = raw;
  const cannot = (why: string) =>
    badRequest(
      `${resource.kind} in version ${JSON.stringify(version.name)} cannot be handled as a ${resource.kind}: ${why}`,
    );
  if (metadata !== null && !isObject(metadata))
    throw cannot("json: cannot unmarshal into Go struct field .metadata of type v1.ObjectMeta");
  for (const name of ["labels", "annotations"] as const) {
    const map = metadata?.[name];
    const wrong =
      isObject(map) && Object.values(map).some((value) => typeof value !== "string" && value !== null);
    if (wrong || (map !== undefined && map !== null && !isObject(map))) {
      throw cannot(`json: cannot unmarshal into Go struct field ObjectMeta.metadata.${name} of type string`);
    }
  }
  return { ...raw, metadata: metadata ?? {} } as KubeObject;
}

function excerpt(body: string): string {
  const text = body.trim();
  return text.length > 256 ? `${text.slice(0, 256)} [truncated ${text.length - 256} chars]` : text;
}
