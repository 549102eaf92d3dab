import { decodeProblem } from "../builtins/decode-problem.ts";
import { invalid } from "../field-error.ts";
import { isObject, type JsonObject } from "../json.ts";
import type { KubeObject } from "../kube-object.ts";
import { applyDefaults } from "../schema/default.ts";
import { prune } from "../schema/prune.ts";
import { badRequest, internalError, invalidObject, type StatusError } from "../status-error.ts";
import type { ApiRequest } from "./api-request.ts";
import { cannotHandle, excerpt, unrecognized } from "./decode-errors.ts";
import { decodeMetadata } from "./decode-metadata.ts";
import { duplicateFields } from "./duplicate-fields.ts";
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
  if (!isYaml) reportTwice(request, duplicateFields(body, raw));
  return finishObject(request, { kind: resource.kind, apiVersion: version.apiVersion, ...raw }, "request");
}

/**
 * Drops unknown fields (with a warning, or an error for `fieldValidation=Strict`), fills in defaults, and completes
 * what the kind's own rules complete. The result shares what it can with `raw`.
 */
export function finishObject(request: ApiRequest, raw: JsonObject, source: "request" | "patch"): KubeObject {
  const { resource, version } = request;
  const refuse = (problem: string) => misfit(request, raw, problem, source);
  const known = prune(decodeMetadata(request, raw, refuse), version.schema);
  const { value, dropped } = resource.rules.prune?.(known.value) ?? { value: known.value, dropped: [] };
  reportUnknown(request, [...known.dropped, ...dropped], refuse);
  const problem = resource.rules.custom ? undefined : decodeProblem(value, version.schema);
  if (problem === undefined) return resource.rules.normalize(applyDefaults(value, version.schema));
  throw refuse(problem);
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

function reportTwice(request: ApiRequest, paths: readonly string[]): void {
  const texts = paths.map((path) => `duplicate field ${JSON.stringify(path)}`);
  reportLeniency(request, texts, (problem) => cannotHandle(request, problem));
}

function reportUnknown(
  request: ApiRequest,
  paths: readonly string[],
  refuse: (problem: string) => StatusError,
): void {
  const texts = paths.map((path) => `unknown field ${JSON.stringify(path)}`).sort();
  reportLeniency(request, texts, refuse);
}

/** Warns of what decoding let pass, or refuses it under `fieldValidation=Strict`. */
function reportLeniency(
  request: ApiRequest,
  texts: readonly string[],
  refuse: (problem: string) => StatusError,
): void {
  const directive = request.query.get("fieldValidation") ?? "Warn";
  if (texts.length === 0 || directive === "Ignore") return;
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

/** Checks what a patch made of kind and apiVersion: of a custom resource they must be there, of a built-in not change. */
export function checkPatchedType(request: ApiRequest, raw: JsonObject): JsonObject {
  const { resource } = request;
  if (!resource.rules.custom) {
    const why = typeProblem(request, raw);
    if (why !== undefined) throw misfit(request, raw, why, "patch");
    return { kind: resource.kind, ...raw };
  }
  if (!raw.kind) throw misfit(request, raw, `Object 'Kind' is missing in '${JSON.stringify(raw)}'`, "patch");
  if (!raw.apiVersion)
    throw internalError("Object 'apiVersion' is missing in 'object has no apiVersion field'");
  return raw;
}

function checkBuiltinType(request: ApiRequest, raw: JsonObject): void {
  const why = typeProblem(request, raw);
  if (why === undefined) return;
  const { kind = request.resource.kind, apiVersion = request.version.apiVersion } = raw;
  const given = String(apiVersion).split("/").at(-1);
  throw badRequest(
    `${String(kind)} in version ${JSON.stringify(given)} cannot be handled as a ${request.resource.kind}: ${why}`,
  );
}

/** Why kind and apiVersion cannot be converted into those of the built-in resource; undefined when they are its own. */
function typeProblem({ resource, version, state }: ApiRequest, raw: JsonObject): string | undefined {
  const { kind = resource.kind, apiVersion = version.apiVersion } = raw;
  if (kind === resource.kind && apiVersion === version.apiVersion) return undefined;
  const isKnown = state.registry
    .all()
    .some(
      (other) => !other.rules.custom && other.kind === kind && other.storageVersion.apiVersion === apiVersion,
    );
  const hub = resource.group === "" ? "core" : resource.group.split(".", 1)[0];
  return isKnown
    ? `converting (${version.name}.${String(kind)}) to (${hub}.${resource.kind}): unknown conversion`
    : `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "pkg/runtime/scheme.go:111"`;
}
