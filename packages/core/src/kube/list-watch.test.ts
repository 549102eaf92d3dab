import { expect, test } from "vitest";
import { ManualScheduler } from "../queue/manual-scheduler-fixture.ts";
import {
  bookmark,
  events,
  list,
  send,
  startCollection,
  type Thing,
  testTiming,
  thing,
  thingType,
} from "./collection-fixture.ts";
import { startInformer } from "./informer.ts";
import { objectKey } from "./object-key.ts";
import { failure, ScriptedServer } from "./scripted-server-fixture.ts";

const names = (things: readonly { metadata: { name: string } }[]) =>
  things.map((t) => t.metadata.name).sort();

test("lists, watches from the list's version, and tells precisely what changes", async () => {
  await using collection = await startCollection(
    [list([thing("a", 1), thing("b", 2)], 10)],
    [events(["ADDED", thing("c", 11)], ["MODIFIED", thing("a", 12)], ["DELETED", thing("b", 13)])],
  );
  const informer = collection.inform();
  await informer.synced;
  await expect.poll(() => collection.changes).toEqual(["+a@1*", "+b@2*", "+c@11", "~a@12", "-b@13"]);
  expect(names(informer.store.list())).toEqual(["a", "c"]);
  expect(collection.seen.watches[0]?.get("resourceVersion")).toBe("10");
  expect(informer.lastError).toBeUndefined();
  expect(informer.lastContactAgeMs).toBeLessThan(1_000);
});

test("asks for pages of 500, bookmarks and a random life of 240 to 290 s", async () => {
  await using collection = await startCollection([list([], 1)], [events()]);
  await collection.inform({ fieldSelector: "spec.color=red" }).synced;
  await expect.poll(() => collection.seen.watches).toHaveLength(1);
  expect(Object.fromEntries(collection.seen.lists[0] ?? [])).toEqual({
    limit: "500",
    fieldSelector: "spec.color=red",
  });
  const { timeoutSeconds, ...query } = Object.fromEntries(collection.seen.watches[0] ?? []);
  expect(query).toEqual({
    watch: "true",
    allowWatchBookmarks: "true",
    resourceVersion: "1",
    fieldSelector: "spec.color=red",
  });
  expect(Number(timeoutSeconds)).toBeGreaterThanOrEqual(240);
  expect(Number(timeoutSeconds)).toBeLessThanOrEqual(290);
});

test("lists and watches namespaces one by one into one store, which has synced when all are listed", async () => {
  const inside = (namespace: string, name: string, version: number) => {
    const object = thing(name, version);
    return { ...object, metadata: { ...object.metadata, namespace } };
  };
  const held = Promise.withResolvers<void>();
  await using server = await ScriptedServer.start(async (response, request) => {
    const namespace = /namespaces\/([^/]+)\//.exec(request.path)?.[1] ?? "";
    if (request.query.has("watch")) return events(["ADDED", inside(namespace, "b", 2)])(response, request);
    if (namespace === "two") await held.promise;
    return list([inside(namespace, "a", 1)], 1)(response, request);
  });
  await using informer = startInformer<Thing>({
    transport: server.transport(),
    type: thingType,
    namespaces: ["one", "two"],
    timing: testTiming,
  });
  await expect.poll(() => informer.store.list().map(objectKey)).toEqual(["one/a", "one/b"]);
  expect(informer.store.hasSynced).toBe(false);
  held.resolve();
  await informer.synced;
  await expect
    .poll(() => informer.store.list().map(objectKey).sort())
    .toEqual(["one/a", "one/b", "two/a", "two/b"]);
  expect(informer.lastContactAgeMs).toBeLessThan(5_000);
  expect(informer.lastError).toBeUndefined();
});

test("fills in apiVersion and kind, which the items of built-in lists lack", async () => {
  const { apiVersion: _, kind: __, ...bare } = thing("a", 1);
  await using collection = await startCollection([list([bare], 1)], [events()]);
  const informer = collection.inform();
  await informer.synced;
  expect(informer.store.get("ns/a")).toMatchObject({ apiVersion: "example.com/v1", kind: "Thing" });
});

test("an object that cannot be transformed is reported and left out; the rest arrives trimmed", async () => {
  await using collection = await startCollection([list([thing("bad", 1), thing("good", 2)], 2)], [events()]);
  const informer = collection.inform({
    transform: (object) => {
      if (object.metadata.name === "bad") throw new Error("cannot trim");
      return { ...object, spec: { color: "trimmed" } };
    },
  });
  await informer.synced;
  expect(informer.store.list()).toMatchObject([{ metadata: { name: "good" }, spec: { color: "trimmed" } }]);
  expect(collection.troubles).toMatchObject([{ during: "transform", error: { message: "cannot trim" } }]);
});

test("a field selector that the server does not know is dropped, told, and replaced by the predicate", async () => {
  const red = { spec: { color: "red" } };
  await using collection = await startCollection(
    [
      (response) => failure(response, 400, "BadRequest", "field label not supported: spec.color"),
      list([thing("a", 1, red), thing("b", 2)], 2),
    ],
    [events(["ADDED", thing("c", 3)], ["ADDED", thing("d", 4, red)], ["MODIFIED", thing("a", 5)])],
  );
  const told: Error[] = [];
  const informer = collection.inform({
    fieldSelector: "spec.color=red",
    matches: (object) => object.spec?.color === "red",
    onUnfiltered: (error) => told.push(error),
  });
  await expect.poll(() => collection.changes).toEqual(["+a@1*", "+d@4", "-a@5"]);
  expect(names(informer.store.list())).toEqual(["d"]);
  expect(told.map(({ message }) => message)).toEqual(["field label not supported: spec.color"]);
  expect(collection.seen.lists.map((q) => q.has("fieldSelector"))).toEqual([true, false]);
  expect(collection.seen.watches[0]?.has("fieldSelector")).toBe(false);
  expect(collection.troubles).toEqual([]);
});

test("a deletion removes, whatever the predicate says of the last state", async () => {
  await using collection = await startCollection(
    [list([thing("a", 1, { spec: { color: "red" } })], 1)],
    [events(["DELETED", thing("a", 2)])],
  );
  collection.inform({ matches: ({ spec }) => spec?.color === "red" });
  await expect.poll(() => collection.changes).toEqual(["+a@1*", "-a@2"]);
});

test("lastContactAgeMs is the time since the last sign of life", async () => {
  const scheduler = new ManualScheduler();
  await using collection = await startCollection([list([], 1)], [events()]);
  const informer = collection.inform({ scheduler });
  await expect.poll(() => collection.seen.watches).toHaveLength(1);
  await expect.poll(() => informer.lastError).toBeUndefined();
  await scheduler.advance(50_000);
  expect(informer.lastContactAgeMs).toBe(50_000);
  send(collection.watch, bookmark(2));
  await expect.poll(() => informer.lastContactAgeMs).toBe(0);
});
