import { KubeNetworkError } from "./kube-network-error.ts";
import type { KubeObject, ResourceType } from "./types.ts";

/** One page of a list. */
export interface ListPage {
  readonly items: readonly unknown[];
  readonly resourceVersion: string;
  /** Token of the next page; undefined on the last one. */
  readonly next: string | undefined;
}

/** One event of a watch. */
export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: unknown;
}

const eventTypes: readonly string[] = ["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"];

/** Reads a list's answer. @throws KubeNetworkError when it is not one. */
export function parseListPage(answer: unknown): ListPage {
  const list = record(answer);
  const metadata = record(list?.metadata);
  const items = list?.items ?? [];
  if (!Array.isArray(items) || typeof metadata?.resourceVersion !== "string") throw unexpected("a list");
  const next = metadata.continue;
  return {
    items,
    resourceVersion: metadata.resourceVersion,
    next: typeof next === "string" && next !== "" ? next : undefined,
  };
}

/** Reads a line of a watch. @throws KubeNetworkError when it is not an event. */
export function parseWatchEvent(line: unknown): WatchEvent {
  const event = record(line);
  if (typeof event?.type !== "string" || !eventTypes.includes(event.type)) throw unexpected("a watch event");
  return event as unknown as WatchEvent;
}

/** The version that a watch can be resumed from after the event of this object. */
export function parseResourceVersion(object: unknown): string {
  const version = record(record(object)?.metadata)?.resourceVersion;
  if (typeof version !== "string" || version === "") throw unexpected("an object with a resourceVersion");
  return version;
}

/**
 * An object of a list or a watch, with the `apiVersion` and `kind` that the items of built-in types' lists lack.
 *
 * @throws KubeNetworkError when it has no name or resourceVersion.
 */
export function parseObject(value: unknown, type: ResourceType): KubeObject {
  const object = record(value);
  const metadata = record(object?.metadata);
  if (object === undefined || typeof metadata?.name !== "string") throw unexpected("an object with a name");
  parseResourceVersion(object);
  object.apiVersion ??= type.group === "" ? type.version : `${type.group}/${type.version}`;
  object.kind ??= type.kind;
  return object as unknown as KubeObject;
}

function record(value: unknown): Record<string, unknown> | undefined {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
}

function unexpected(what: string): KubeNetworkError {
  return new KubeNetworkError("protocol", `The Kubernetes API sent something else where ${what} was due.`);
}
