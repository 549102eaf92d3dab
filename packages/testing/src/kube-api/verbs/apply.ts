import { checkApplied } from "../apply/check-applied.ts";
import type { ManagerKey } from "../apply/managers.ts";
import { type ApplyConflict, applyConfig } from "../apply/own-fields.ts";
import { decodeProblem } from "../builtins/decode-problem.ts";
import { isObject } from "../json.ts";
import type { KubeObject } from "../kube-object.ts";
import { applyDefaults } from "../schema/default.ts";
import { badRequest, conflict, notFound, StatusError } from "../status-error.ts";
import { type ApiRequest, groupResource, keyNamespace } from "./api-request.ts";
import { withoutEmpties } from "./decode-metadata.ts";
import { parseYamlOrJson } from "./parse-json.ts";
import { checkName } from "./patch.ts";
import { emptyObject, managersForApply, writing } from "./track-managers.ts";
import { type Change, createObject, updateObject, type Written } from "./write-object.ts";

/** Server-side apply (KEP-555). The body is YAML, and in practice the JSON that is YAML too. */
export function apply(request: ApiRequest): Written {
  const { resource, info } = request;
  const config = parseConfig(request);
  const live = resource.store.get(keyNamespace(request), info.name);
  if (live) return updateObject(request, live, (current) => applyTo(request, current, config));
  if (info.subresource) throw notFound(groupResource(request), info.name);
  const { next, managers } = applyTo(request, emptyObject(request), config);
  if (next.metadata.uid) {
    const why = `uid mismatch: the provided object specified uid ${next.metadata.uid}, and no existing object was found`;
    throw conflict(groupResource(request), info.name, why);
  }
  request.state.authorizer.require(request.user, { ...info, verb: "create" });
  return createObject(request, next, managers);
}

function parseConfig({ resource, version, body }: ApiRequest): KubeObject {
  const config = parseYamlOrJson(body, (why) =>
    badRequest(`error decoding YAML: error converting YAML to JSON: ${why}`),
  );
  if (!isObject(config))
    throw badRequest(
      "error decoding YAML: json: cannot unmarshal into Go value of type map[string]interface {}",
    );
  const { apiVersion = "/", kind = "" } = config;
  if (kind !== resource.kind || apiVersion !== version.apiVersion) {
    throw badRequest(`invalid object type: ${groupVersion(String(apiVersion))}, Kind=${String(kind)}`);
  }
  const metadata = isObject(config.metadata) ? config.metadata : {};
  if (metadata.managedFields !== undefined && metadata.managedFields !== null) {
    throw badRequest("metadata.managedFields must be nil");
  }
  const problems = checkApplied(config, version.schema);
  if (problems.length > 0) {
    const [only, ...more] = problems;
    const text =
      more.length > 0 ? ["errors:", ...problems.map((problem) => `  ${problem}`)].join("\n") : only;
    const name = `${String(metadata.namespace ?? "")}/${String(metadata.name ?? "")}`;
    throw new StatusError(
      500,
      "",
      `failed to create typed patch object (${name}; ${groupVersion(version.apiVersion)}, Kind=${resource.kind}): ${text}`,
    );
  }
  return { ...config, apiVersion: version.apiVersion, kind: resource.kind, metadata };
}

/** Go prints the core group's versions with the empty group before the slash. */
function groupVersion(apiVersion: string): string {
  return apiVersion.includes("/") ? apiVersion : `/${apiVersion}`;
}

function applyTo(request: ApiRequest, live: KubeObject, config: KubeObject): Change {
  const { version, query } = request;
  const force = query.get("force") === "true" || query.get("force") === "1";
  const own = writing(request, "Apply");
  const managers = managersForApply(request, live);
  const result = applyConfig(live, config, managers, { ...own, force });
  if (result.conflicts) throw applyConflict(result.conflicts);
  const applied = { ...result.object, metadata: withoutEmpties(result.object.metadata) };
  if (!request.resource.rules.custom) checkConversion(request, applied);
  const next = request.resource.rules.normalize(applyDefaults(applied, version.schema));
  checkName(request, next);
  return { next, managers };
}

/** A built-in object must decode into its Go type, which the typed merge before does not look at. */
function checkConversion({ resource, version }: ApiRequest, applied: KubeObject): void {
  const problem = decodeProblem(applied, version.schema);
  if (problem === undefined) return;
  const { namespace = "", name = "" } = applied.metadata;
  const type = `${groupVersion(version.apiVersion)}, Kind=${resource.kind}`;
  const why = problem.startsWith("parsing time") ? problem : `error decoding from json: ${problem}`;
  throw new StatusError(
    500,
    "",
    `failed to convert new object (${namespace}/${name}; ${type}) to proper version: unable to convert unstructured object to ${type}: ${why}`,
  );
}

function applyConflict(conflicts: readonly ApplyConflict[]): StatusError {
  const causes = conflicts.map(({ manager, path }) => ({
    reason: "FieldManagerConflict",
    message: `conflict with ${describe(manager)}`,
    field: path,
  }));
  return new StatusError(409, "Conflict", conflictText(conflicts), { causes });
}

function conflictText(conflicts: readonly ApplyConflict[]): string {
  const [first, ...more] = conflicts;
  if (first && more.length === 0) {
    return `Apply failed with 1 conflict: conflict with ${describe(first.manager)}: ${first.path}`;
  }
  const byManager = Map.groupBy(conflicts, ({ manager }) => describe(manager));
  const lines = [...byManager.keys()]
    .sort()
    .flatMap((manager) => [
      `conflicts with ${manager}:`,
      ...(byManager.get(manager) ?? []).map(({ path }) => `- ${path}`),
    ]);
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join("\n")}`;
}

function describe({ manager, operation, apiVersion, subresource }: ManagerKey): string {
  const name = `${JSON.stringify(manager)}${subresource ? ` with subresource ${JSON.stringify(subresource)}` : ""}`;
  return operation === "Update" ? `${name} using ${apiVersion}` : name;
}
