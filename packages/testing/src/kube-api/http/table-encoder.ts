import type { JsonObject } from "../json.ts";
import type { KubeObject } from "../kube-object.ts";
import type { Resource, ServedVersion } from "../registry/resource.ts";
import type { Stored } from "../store/stored.ts";
import { partialMetadata, tableRow } from "../table/table-row.ts";
import { bookmarkMeta, type Encoder, listMeta, watchLine } from "./encoder.ts";

/** meta.k8s.io/v1 Tables, as kubectl asks for them. One encoder serves one request. */
export function tableEncoder(
  resource: Resource,
  version: ServedVersion,
  now: () => Date,
  include: string,
): Encoder {
  const { columns } = version;
  const convert = (stored: Stored) => resource.convert(stored.object, version);
  let told = false;
  const table = (objects: readonly KubeObject[], metadata: JsonObject): JsonObject => ({
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata,
    columnDefinitions: columns.map(({ read: _read, ...definition }) => definition),
    rows: objects.map((object) => tableRow(object, columns, now(), include)),
  });
  // Only the first event of a watch repeats the columns.
  const eventTable = (objects: readonly KubeObject[], metadata: JsonObject): JsonObject => {
    const full = table(objects, metadata);
    const sent = told ? { ...full, columnDefinitions: [] } : full;
    told = true;
    return sent;
  };
  return {
    object(stored) {
      const object = convert(stored);
      return JSON.stringify(table([object], { resourceVersion: object.metadata.resourceVersion }));
    },
    list: (page) => `${JSON.stringify(table(page.items.map(convert), listMeta(page, false)))}\n`,
    change({ type, stored }) {
      const object = convert(stored);
      return watchLine(type, eventTable([object], { resourceVersion: object.metadata.resourceVersion }));
    },
    bookmark: (revision, initialEventsEnd) =>
      watchLine("BOOKMARK", eventTable([], bookmarkMeta(revision, initialEventsEnd))),
  };
}

/** meta.k8s.io/v1 PartialObjectMetadata: objects without spec and status. */
export const metadataEncoder: Encoder = {
  object: ({ object }) => JSON.stringify(partialMetadata(object)),
  list: (page) =>
    `${JSON.stringify({
      kind: "PartialObjectMetadataList",
      apiVersion: "meta.k8s.io/v1",
      metadata: listMeta(page, false),
      items: page.items.map(({ object }) => partialMetadata(object)),
    })}\n`,
  change: ({ type, stored }) => watchLine(type, partialMetadata(stored.object)),
  bookmark: (revision, initialEventsEnd) =>
    watchLine("BOOKMARK", {
      kind: "PartialObjectMetadata",
      apiVersion: "meta.k8s.io/v1",
      metadata: bookmarkMeta(revision, initialEventsEnd),
    }),
};
