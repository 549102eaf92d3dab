import { decodeProblem } from "../builtins/decode-problem.ts";
import { invalid } from "../field-error.ts";
import { isObject, type JsonObject } from "../json.ts";
import type { KubeObject } from "../kube-object.ts";
import { applyDefaults } from "../schema/default.ts";
import { prune } from "../schema/prune.ts";
import { badRequest, invalidObject, type StatusError } from "../status-error.ts";
import type { ApiRequest } from "./api-request.ts";
import { cannotHandle, excerpt, unrecognized } from "./decode-errors.ts";
import { decodeMetadata } from "./decode-metadata.ts";
import { parseJson, parseYamlOrJson } from "./parse-json.ts";

/** The Go type that a body is first read into, as its errors name it. */
const TYPE_META = String.raw`struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }`;

/** Parses the body of a create or update into an object of the request's version. */
export function decodeBody(request: ApiRequest): KubeObject {
  const { resource, version, body } = request;
  const noType = (why: string) =>
    unrecognized(request, `couldn't get version/kind; json parse error: ${why}`);
  const isYaml = request.contentType === "application/yaml";
  const raw = isYaml ? parseYamlOrJson(body, (why) => unrecognized(request, why)) : parseJson(body, noType);
  if (!isObject(raw)) {
    const what = Array.isArray(raw) ? "array" : typeof raw;
    throw noType(`json: cannot unmarshal ${what} into Go value of type ${TYPE_META}`);
  }
  if (resource.rules.custom) checkCustomType(request, raw);
  else checkBuiltinType(request, raw);
  return finishObject(request, { kind: resource.kind, apiVersion: version.apiVersion, ...raw }, "request");
}

/**
 * Drops unknown fields (with a warning, or an error for `fieldValidation=Strict`), fills in defaults, and completes
 * what the kind's own rules complete. The result shares what it can with `raw`.
 */
export function finishObject(request: ApiRequest, raw: JsonObject, source: "request" | "patch"): KubeObject {
  const { resource, version } = request;
  const { value, dropped } = prune(decodeMetadata(request, raw), version.schema);
  reportUnknown(request, dropped, (problem) => misfit(request, raw, problem, source));
  const problem = resource.rules.custom ? undefined : decodeProblem(value, version.schema);
  if (problem === undefined) return resource.rules.normalize(applyDefaults(value, version.schema));
  throw misfit(request, raw, problem, source);
}

/** The error for an object that does not decode: about the body it came in, or about what a patch made. */
function misfit(
  request: ApiRequest,
  raw: JsonObject,
  problem: string,
  source: "request" | "patch",
): StatusError {
  if (source === "request") return cannotHandle(request, problem);
  return invalidObject("", "", "", [invalid("patch", JSON.stringify(raw), problem)]);
}

function reportUnknown(
  request: ApiRequest,
  paths: readonly string[],
  refuse: (problem: string) => StatusError,
): void {
  const directive = request.query.get("fieldValidation") ?? "Warn";
  if (paths.length === 0 || directive === "Ignore") return;
  const texts = paths.map((path) => `unknown field ${JSON.stringify(path)}`).sort();
  if (directive === "Strict") throw refuse(`strict decoding error: ${texts.join(", ")}`);
  request.warnings.push(...texts);
}

function checkCustomType(request: ApiRequest, raw: JsonObject): void {
  const { version, body } = request;
  for (const [field, label] of [
    ["kind", "Kind"],
    ["apiVersion", "apiVersion"],
  ] as const) {
    if (!raw[field]) throw unrecognized(request, `Object '${label}' is missing in '${excerpt(body)}'`);
  }
  if (raw.apiVersion === version.apiVersion) return;
  // Nothing is known of the version's schema, so all fields are unknown.
  const { apiVersion, kind: _kind, metadata: _metadata, ...others } = raw;
  reportUnknown(request, Object.keys(others), (problem) => cannotHandle(request, problem));
  throw badRequest(
    `the API version in the data (${String(apiVersion)}) does not match the expected API version (${version.apiVersion})`,
  );
}

function checkBuiltinType({ resource, version, state }: ApiRequest, raw: JsonObject): void {
  const { kind = resource.kind, apiVersion = version.apiVersion } = raw;
  if (kind === resource.kind && apiVersion === version.apiVersion) return;
  const isKnown = state.registry
    .all()
    .some(
      (other) => !other.rules.custom && other.kind === kind && other.storageVersion.apiVersion === apiVersion,
    );
  const hub = resource.group === "" ? "core" : resource.group.split(".", 1)[0];
  const why = isKnown
    ? `converting (${version.name}.${String(kind)}) to (${hub}.${resource.kind}): unknown conversion`
    : `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "pkg/runtime/scheme.go:111"`;
  const given = String(apiVersion).split("/").at(-1);
  throw badRequest(
    `${String(kind)} in version ${JSON.stringify(given)} cannot be handled as a ${resource.kind}: ${why}`,
  );
}
