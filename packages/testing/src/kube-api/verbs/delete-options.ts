import { type FieldError, notSupported } from "../field-error.ts";
import { arrayAt, isObject, type JsonObject, stringAt } from "../json.ts";
import { badRequest, invalidObject } from "../status-error.ts";
import type { ApiRequest } from "./api-request.ts";
import { parseJson } from "./parse-json.ts";
import { checkDryRun } from "./write-options.ts";

/** What happens to dependents: who deletes or orphans them is a garbage collector that this server does not have. */
export type Propagation = "Background" | "Foreground" | "Orphan";

/** metav1.DeleteOptions, from the body or the query. */
export interface DeleteOptions {
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
  readonly propagation: Propagation;
  readonly dryRun: boolean;
}

const PROPAGATIONS: readonly string[] = ["Foreground", "Background", "Orphan"];

/** Reads and checks the options of a deletion. */
export function readDeleteOptions(request: ApiRequest): DeleteOptions {
  const body = readBody(request);
  const policy =
    stringAt(body, "propagationPolicy") ?? request.query.get("propagationPolicy") ?? "Background";
  const dryRun = [...arrayAt(body, "dryRun"), ...request.query.getAll("dryRun")];
  const errors: FieldError[] = checkDryRun(dryRun);
  if (!PROPAGATIONS.includes(policy))
    errors.push(notSupported("propagationPolicy", policy, [...PROPAGATIONS, "nil"]));
  if (errors.length > 0) throw invalidObject("DeleteOptions", "meta.k8s.io", "", errors);
  return {
    uid: stringAt(body, "preconditions", "uid"),
    resourceVersion: stringAt(body, "preconditions", "resourceVersion"),
    propagation: policy as Propagation,
    dryRun: dryRun.length > 0,
  };
}

function readBody({ body }: ApiRequest): JsonObject {
  if (body.trim() === "") return {};
  const options = parseJson(body, (why) => badRequest(`couldn't get version/kind; json parse error: ${why}`));
  return isObject(options) ? options : {};
}
