import { type FieldError, forbidden, notSupported } from "../field-error.ts";
import type { KubeObject } from "../kube-object.ts";
import { fieldTest, parseFieldSelector } from "../selectors/field-selector.ts";
import { parseLabelSelector } from "../selectors/label-selector.ts";
import { badRequest, invalidObject, StatusError } from "../status-error.ts";
import type { ApiRequest } from "./api-request.ts";

/** A test for the objects that a list or watch selects; undefined when it selects all. */
export type Selection = ((object: KubeObject) => boolean) | undefined;

/** metav1.ListOptions of a request, checked. */
export interface ListOptions {
  readonly selects: Selection;
  /** 0: no limit. */
  readonly limit: number;
  readonly continueToken: string;
  /** The given resourceVersion as a number; undefined when none was given. */
  readonly revision: number | undefined;
  readonly match: "Exact" | "NotOlderThan" | undefined;
  /** Seconds after which a watch ends by itself; undefined: the server decides. */
  readonly timeoutSeconds: number | undefined;
  readonly bookmarks: boolean;
  readonly sendInitialEvents: boolean | undefined;
}

/** Reads and checks the options in a query. */
export function readListOptions(request: ApiRequest): ListOptions {
  const { query, info } = request;
  const match = query.get("resourceVersionMatch") ?? "";
  const resourceVersion = query.get("resourceVersion") ?? "";
  const options: ListOptions = {
    selects: readSelection(request),
    limit: readInteger(query, "limit") ?? 0,
    continueToken: query.get("continue") ?? "",
    revision: resourceVersion === "" ? undefined : parseRevision(resourceVersion, info.verb),
    match: match === "Exact" || match === "NotOlderThan" ? match : undefined,
    timeoutSeconds: readInteger(query, "timeoutSeconds"),
    bookmarks: readBoolean(query, "allowWatchBookmarks") ?? false,
    sendInitialEvents: readBoolean(query, "sendInitialEvents"),
  };
  const errors = checkCombination(options, match, resourceVersion, info.verb === "watch");
  if (errors.length > 0) throw invalidObject("ListOptions", "meta.k8s.io", "", errors);
  return options;
}

/** The test that `labelSelector` and `fieldSelector` of a query make together. */
export function readSelection({ query, version, info }: ApiRequest): Selection {
  const labels = parseLabelSelector(query.get("labelSelector") ?? "");
  const fields = fieldTest(
    parseFieldSelector(query.get("fieldSelector") ?? ""),
    version.selectable,
    version.unknownField,
  );
  const named = info.name ? (object: KubeObject) => object.metadata.name === info.name : undefined;
  const tests = [
    named,
    labels && ((object: KubeObject) => labels(object.metadata.labels ?? {})),
    fields,
  ].filter((test) => test !== undefined);
  const [only] = tests;
  return tests.length > 1 ? (object) => tests.every((test) => test(object)) : only;
}

function checkCombination(
  options: ListOptions,
  match: string,
  resourceVersion: string,
  isWatch: boolean,
): FieldError[] {
  return isWatch ? checkWatch(options, match) : checkList(options, match, resourceVersion);
}

const at = "resourceVersionMatch";

function checkWatch({ sendInitialEvents, continueToken }: ListOptions, match: string): FieldError[] {
  const errors: FieldError[] = [];
  if (match !== "" && sendInitialEvents === undefined) {
    errors.push(
      forbidden(at, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"),
    );
  }
  if (sendInitialEvents !== undefined && match !== "NotOlderThan") {
    errors.push(forbidden(at, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
    if (match !== "") errors.push(notSupported(at, match, ["NotOlderThan"]));
  }
  if (continueToken !== "")
    errors.push(forbidden(at, "resourceVersionMatch is forbidden when continue is provided"));
  return errors;
}

function checkList(options: ListOptions, match: string, resourceVersion: string): FieldError[] {
  const errors = checkMatch(options, match, resourceVersion);
  if (options.sendInitialEvents !== undefined)
    errors.push(forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
  return errors;
}

function checkMatch(options: ListOptions, match: string, resourceVersion: string): FieldError[] {
  if (match === "") return [];
  const errors: FieldError[] = [];
  if (resourceVersion === "")
    errors.push(forbidden(at, "resourceVersionMatch is forbidden unless resourceVersion is provided"));
  if (options.continueToken !== "")
    errors.push(forbidden(at, "resourceVersionMatch is forbidden when continue is provided"));
  if (options.match === undefined) errors.push(notSupported(at, match, ["Exact", "NotOlderThan", ""]));
  if (match === "Exact" && resourceVersion === "0")
    errors.push(forbidden(at, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
  return errors;
}

function parseRevision(text: string, verb: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  const problem = `resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`;
  if (verb === "watch") throw new StatusError(500, "", problem);
  throw badRequest(`invalid resource version: ${problem}`);
}

function readInteger(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name) ?? "";
  if (text === "") return undefined;
  if (!/^-?\d+$/.test(text))
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

function readBoolean(query: URLSearchParams, name: string): boolean | undefined {
  const text = query.get(name);
  return text === null || text === "" ? undefined : text !== "false" && text !== "0";
}
