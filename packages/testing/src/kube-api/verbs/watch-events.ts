import type { StoreEvent } from "../store/event-log.ts";
import { Stored } from "../store/stored.ts";
import type { Selection } from "./list-options.ts";

/** An event as one watcher gets it. */
export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly stored: Stored;
}

/**
 * What a change means for a watcher: an object that begins to match its selection is ADDED, one that ceases to is
 * DELETED with its last matching state and the revision of the change. Undefined: nothing.
 */
export function seenAs(event: StoreEvent, namespace: string, selects: Selection): WatchEvent | undefined {
  const { type, current, previous, revision } = event;
  if (namespace !== "" && !current.key.startsWith(`${namespace}/`)) return undefined;
  if (!selects) return { type, stored: current };
  const matched = previous !== undefined && selects(previous.object);
  if (type === "DELETED") return matched ? { type, stored: current } : undefined;
  const matches = selects(current.object);
  if (matches) return { type: matched ? "MODIFIED" : "ADDED", stored: current };
  if (!matched) return undefined;
  const metadata = { ...previous.object.metadata, resourceVersion: String(revision) };
  return { type: "DELETED", stored: new Stored(current.key, { ...previous.object, metadata }, revision) };
}
