import type { JsonObject } from "../json.ts";
import type { KubeObject } from "../kube-object.ts";
import type { Resource, ServedVersion } from "../registry/resource.ts";
import type { Stored } from "../store/stored.ts";
import { columnsOf, type TableColumn, tableRow } from "../table/table.ts";
import type { Page } from "../verbs/list.ts";
import type { WatchEvent } from "../verbs/watch-events.ts";

/** Turns stored objects into the representation that a client asked for. */
export interface Encoder {
  object(stored: Stored): string;
  list(page: Page): string;
  /** A watch event about a stored object, with its line end. */
  change(event: WatchEvent): string;
  /** A watch event about anything else, with its line end. */
  event(type: string, object: object): string;
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
  const event = (type: string, content: object) => `{"type":"${type}","object":${JSON.stringify(content)}}\n`;
  // Lists of built-in types leave out the type of their items; the items' JSON always begins with it.
  const item = rules.custom ? object : (stored: Stored) => withoutPrefix(object(stored), prefix);
  return {
    object,
    event,
    list(page) {
      const head = JSON.stringify({ kind: listKind, apiVersion, metadata: listMeta(page) });
      return `${head.slice(0, -1)},"items":[${page.items.map(item).join(",")}]}\n`;
    },
    change: ({ type, stored }) => `{"type":"${type}","object":${object(stored)}}\n`,
    bookmark: (revision, initialEventsEnd) =>
      event("BOOKMARK", { kind, apiVersion, metadata: bookmarkMeta(revision, initialEventsEnd) }),
  };
}

/** meta.k8s.io/v1 Tables, as kubectl asks for them. */
export function tableEncoder(
  resource: Resource,
  version: ServedVersion,
  now: () => Date,
  include: string,
): Encoder {
  const columns = columnsOf(resource, version);
  const convert = (stored: Stored) => resource.convert(stored.object, version);
  let told = false;
  const table = (objects: readonly KubeObject[], metadata: JsonObject): JsonObject => ({
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata,
    columnDefinitions: columns.map(({ read: _read, ...definition }: TableColumn) => definition),
    rows: objects.map((object) => tableRow(object, columns, now(), include)),
  });
  // Only the first event of a watch repeats the columns.
  const eventTable = (objects: readonly KubeObject[], metadata: JsonObject): JsonObject => {
    const full = table(objects, metadata);
    const sent = told ? { ...full, columnDefinitions: [] } : full;
    told = true;
    return sent;
  };
  const event = (type: string, content: object) => `{"type":"${type}","object":${JSON.stringify(content)}}\n`;
  return {
    event,
    object(stored) {
      const object = convert(stored);
      return JSON.stringify(table([object], { resourceVersion: object.metadata.resourceVersion }));
    },
    list: (page) => `${JSON.stringify(table(page.items.map(convert), listMeta(page)))}\n`,
    change({ type, stored }) {
      const object = convert(stored);
      return event(type, eventTable([object], { resourceVersion: object.metadata.resourceVersion }));
    },
    bookmark: (revision, initialEventsEnd) =>
      event("BOOKMARK", eventTable([], bookmarkMeta(revision, initialEventsEnd))),
  };
}

function listMeta({ resourceVersion, continueToken, remaining }: Page): JsonObject {
  return {
    resourceVersion,
    ...(continueToken && { continue: continueToken }),
    ...(remaining !== undefined && { remainingItemCount: remaining }),
  };
}

function bookmarkMeta(revision: number, initialEventsEnd: boolean): JsonObject {
  return {
    resourceVersion: String(revision),
    ...(initialEventsEnd && { annotations: { "k8s.io/initial-events-end": "true" } }),
  };
}

function withoutPrefix(json: string, prefix: string): string {
  return json.startsWith(prefix) ? `{${json.slice(prefix.length)}` : json;
}
