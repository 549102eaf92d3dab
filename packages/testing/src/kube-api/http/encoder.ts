import type { JsonObject } from "../json.ts";
import type { Resource, ServedVersion } from "../registry/resource.ts";
import type { Stored } from "../store/stored.ts";
import type { Page } from "../verbs/list.ts";
import type { WatchEvent } from "../verbs/watch-events.ts";

/** Turns stored objects into the representation that a client asked for. */
export interface Encoder {
  object(stored: Stored): string;
  list(page: Page): string;
  /** A watch event about a stored object, with its line end. */
  change(event: WatchEvent): string;
  bookmark(revision: number, initialEventsEnd: boolean): string;
}

/** Objects as they are. */
export function jsonEncoder(resource: Resource, version: ServedVersion): Encoder {
  const { kind, listKind, rules, storageVersion } = resource;
  const { apiVersion } = version;
  const isStored = version === storageVersion;
  const prefix = `{"apiVersion":${JSON.stringify(apiVersion)},"kind":${JSON.stringify(kind)},`;
  const object = (stored: Stored) =>
    isStored ? stored.json : JSON.stringify(resource.convert(stored.object, version));
  // Lists of built-in types leave out the type of their items; the items' JSON always begins with it.
  const item = rules.custom ? object : (stored: Stored) => withoutPrefix(object(stored), prefix);
  return {
    object,
    list(page) {
      const head = JSON.stringify({ apiVersion, kind: listKind, metadata: listMeta(page, rules.custom) });
      return `${head.slice(0, -1)},"items":[${page.items.map(item).join(",")}]}\n`;
    },
    change: ({ type, stored }) => `{"type":"${type}","object":${object(stored)}}\n`,
    bookmark: (revision, initialEventsEnd) =>
      watchLine("BOOKMARK", { kind, apiVersion, metadata: bookmarkMeta(revision, initialEventsEnd) }),
  };
}

/** A watch event with its line end. */
export function watchLine(type: string, object: object): string {
  return `{"type":"${type}","object":${JSON.stringify(object)}}\n`;
}

/** ListMeta of a page. Lists of custom resources always have `continue`. */
export function listMeta({ resourceVersion, continueToken, remaining }: Page, custom: boolean): JsonObject {
  return {
    ...((custom || continueToken) && { continue: continueToken }),
    ...(remaining !== undefined && { remainingItemCount: remaining }),
    resourceVersion,
  };
}

/** Metadata of a BOOKMARK event's object. */
export function bookmarkMeta(revision: number, initialEventsEnd: boolean): JsonObject {
  return {
    resourceVersion: String(revision),
    ...(initialEventsEnd && { annotations: { "k8s.io/initial-events-end": "true" } }),
  };
}

function withoutPrefix(json: string, prefix: string): string {
  return json.startsWith(prefix) ? `{${json.slice(prefix.length)}` : json;
}
