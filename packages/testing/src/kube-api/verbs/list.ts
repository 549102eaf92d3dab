import { badRequest, expired, StatusError } from "../status-error.ts";
import type { Stored } from "../store/stored.ts";
import { type ApiRequest, keyNamespace } from "./api-request.ts";
import { type ContinueToken, decodeContinue, encodeContinue } from "./continue-token.ts";
import { type ListOptions, readListOptions } from "./list-options.ts";

const LIST_TOO_OLD = "The resourceVersion for the provided list is too old.";
const TOKEN_TOO_OLD =
  "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";

/** One page of a list. */
export interface Page {
  readonly items: readonly Stored[];
  readonly resourceVersion: string;
  /** Empty on the last page. */
  readonly continueToken: string;
  /** How many objects follow; unknown when selectors apply. */
  readonly remaining: number | undefined;
}

/** LIST: the current objects, those of a past revision, or the next page of an earlier list. */
export function list(request: ApiRequest): Page {
  const options = readListOptions(request);
  if (options.continueToken && options.revision) {
    throw badRequest("specifying resource version is not allowed when using continue");
  }
  const token = options.continueToken ? decodeContinue(options.continueToken) : undefined;
  const revision = token && token.rv >= 0 ? token.rv : request.state.revision.current;
  const all = token ? continuedFrom(request, token) : startedFrom(request, options);
  return page(all, options, exactRevision(options) ?? revision);
}

/** 504 for a resourceVersion from the future, which the real server waits for in vain. */
export function requireReached(request: ApiRequest, revision: number | undefined): void {
  const { current } = request.state.revision;
  if (revision === undefined || revision <= current) return;
  throw new StatusError(
    504,
    "Timeout",
    `Timeout: Too large resource version: ${revision}, current: ${current}`,
    {
      causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
      retryAfterSeconds: 1,
    },
  );
}

/**
 * The revision that a list must show exactly: asked for by `Exact`, or without a match by a limit, since its next pages
 * then come from the same snapshot.
 */
function exactRevision({ match, revision, limit }: ListOptions): number | undefined {
  if (match === "Exact") return revision;
  return match === undefined && limit > 0 && revision !== undefined && revision > 0 ? revision : undefined;
}

function startedFrom(request: ApiRequest, options: ListOptions): readonly Stored[] {
  requireReached(request, options.revision);
  const { store } = request.resource;
  const namespace = keyNamespace(request);
  const exact = exactRevision(options);
  if (exact === undefined) return store.list(namespace);
  const past = store.listAt(exact, namespace);
  if (!past) throw expired(LIST_TOO_OLD);
  return past;
}

function continuedFrom(request: ApiRequest, { rv, start }: ContinueToken): readonly Stored[] {
  const { store } = request.resource;
  const namespace = keyNamespace(request);
  const all = rv < 0 ? store.list(namespace) : store.listAt(rv, namespace);
  if (!all) throw expired(TOKEN_TOO_OLD, encodeContinue({ rv: -1, start }));
  return all.filter(({ key }) => key >= start);
}

function page(all: readonly Stored[], { selects, limit }: ListOptions, revision: number): Page {
  const resourceVersion = String(revision);
  const selected = selects ? all.filter(({ object }) => selects(object)) : all;
  if (limit <= 0 || selected.length <= limit) {
    return { items: selected, resourceVersion, continueToken: "", remaining: undefined };
  }
  const items = selected.slice(0, limit);
  // The smallest key after the last one on this page.
  const start = `${items.at(-1)?.key ?? ""}\0`;
  return {
    items,
    resourceVersion,
    continueToken: encodeContinue({ rv: revision, start }),
    remaining: selects ? undefined : selected.length - limit,
  };
}
