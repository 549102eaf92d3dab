import { decodeProblem } from "../builtins/decode-problem.ts";
import { invalid } from "../field-error.ts";
import { isObject, type JsonObject } from "../json.ts";
import type { KubeObject } from "../kube-object.ts";
import { applyDefaults } from "../schema/default.ts";
import { prune } from "../schema/prune.ts";
import { badRequest, invalidObject } from "../status-error.ts";
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
    requireVersion(raw.apiVersion, version.apiVersion);
  } else {
    const { kind = resource.kind, apiVersion = version.apiVersion } = raw;
    if (kind !== resource.kind || apiVersion !== version.apiVersion) {
      const why = `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "pkg/runtime/scheme.go:111"`;
      throw badRequest(
        `${String(kind)} in version ${JSON.stringify(apiVersion)} cannot be handled as a ${resource.kind}: ${why}`,
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
  const problem = resource.rules.custom ? undefined : decodeProblem(value, version.schema);
  if (problem === undefined) return applyDefaults(value, version.schema);
  if (source === "patch") throw invalidObject("", "", "", [invalid("patch", JSON.stringify(raw), problem)]);
  throw badRequest(
    `${resource.kind} in version ${JSON.stringify(version.name)} cannot be handled as a ${resource.kind}: ${problem}`,
  );
}

/** Parses JSON; `fail` words the error. */
export function parseJson(text: string, fail: (why: string) => Error): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw fail(wordJsonError(text, error instanceof Error ? error.message : String(error)));
  }
}

/** The end of input is the one error whose wording clients know; others are left as this runtime words them. */
function wordJsonError(text: string, message: string): string {
  const isCut = text.trim() === "" || /end of JSON input|Unterminated string/i.test(message);
  return isCut ? "unexpected end of JSON input" : message;
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

/** The beginning of a body, as much as the server repeats in its errors. */
function excerpt(body: string): string {
  if (body === "") return "<empty>";
  if (!body.startsWith("{")) return body.length > 30 ? `${hex(body.slice(0, 30))} ...` : hex(body);
  return body.length > 30 ? `${body.slice(0, 30)} ...` : body;
}

function hex(text: string): string {
  return Buffer.from(text).toString("hex");
}

function requireVersion(given: string, expected: string): void {
  if (given === expected) return;
  throw badRequest(
    `the API version in the data (${given}) does not match the expected API version (${expected})`,
  );
}
