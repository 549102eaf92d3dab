import fc from "fast-check";
import { expect, test } from "vitest";
import { type Thing, thing } from "./collection-fixture.ts";
import { objectKey } from "./object-key.ts";
import { Store, type StoreChange } from "./store.ts";

function storeWithLog() {
  const errors: unknown[] = [];
  const store = new Store<Thing>({ onError: (error) => errors.push(error) });
  const changes: StoreChange<Thing>[] = [];
  store.onChange((change) => changes.push(change));
  return { store, changes, errors };
}

const red = { spec: { color: "red" } };
const blue = { spec: { color: "blue" } };

test("a change tells the object, what it was before, and whether a list or a watch found it", () => {
  const { store, changes } = storeWithLog();
  const [first, second] = [thing("a", 1), thing("a", 2)];
  store.replace([first]);
  store.apply(second);
  store.remove(thing("a", 3));
  expect(changes).toEqual([
    { type: "added", object: first, previous: undefined, listed: true },
    { type: "updated", object: second, previous: first, listed: false },
    { type: "deleted", object: thing("a", 3), previous: second, listed: false },
  ]);
});

test("what has not changed is not told, neither by a list nor by a watch", () => {
  const { store, changes } = storeWithLog();
  store.replace([thing("a", 1)]);
  store.replace([thing("a", 1)]);
  store.apply(thing("a", 1));
  store.remove(thing("unknown", 1));
  expect(changes).toHaveLength(1);
});

test("a section's list replaces what is in that section alone; the store has synced when each has been listed", () => {
  const { store, changes } = storeWithLog();
  const inColor = (color: string) => store.section(({ spec }) => spec?.color === color);
  const [reds, blues] = [inColor("red"), inColor("blue")];
  reds.replace([thing("a", 1, red), thing("b", 2, red)]);
  expect(store.hasSynced).toBe(false);
  blues.replace([thing("c", 3, blue)]);
  expect(store.hasSynced).toBe(true);
  reds.replace([thing("a", 1, red)]);
  blues.apply(thing("d", 4, blue));
  blues.remove(thing("c", 5, blue));
  expect(changes.map(({ type, object }) => `${type} ${object.metadata.name}`)).toEqual([
    "added a",
    "added b",
    "added c",
    "deleted b",
    "added d",
    "deleted c",
  ]);
  expect(store.list().map(({ metadata }) => metadata.name)).toEqual(["a", "d"]);
});

test("listeners hear of a list after the whole store has changed", () => {
  const store = new Store<Thing>();
  const sizes: number[] = [];
  store.replace([thing("old", 1)]);
  store.onChange(() => sizes.push(store.size));
  store.replace([thing("a", 2), thing("b", 3), thing("c", 4)]);
  expect(sizes).toEqual([3, 3, 3, 3]);
});

test("an object of the same name with another uid is a deletion and an addition", () => {
  const { store, changes } = storeWithLog();
  store.replace([thing("a", 1)]);
  store.apply(thing("a", 2, { uid: "new" }));
  expect(changes.slice(1).map(({ type, object }) => [type, object.metadata.uid])).toEqual([
    ["deleted", "uid-a"],
    ["added", "new"],
  ]);
  expect(store.get("ns/a")?.metadata.uid).toBe("new");
});

test("an index follows its objects", () => {
  const { store } = storeWithLog();
  store.replace([thing("a", 1, red)]);
  store.addIndex("color", ({ spec }) => (spec?.color === undefined ? [] : [spec.color]));
  const names = (color: string) => store.byIndex("color", color).map(({ metadata }) => metadata.name);
  expect(names("red")).toEqual(["a"]);
  store.apply(thing("b", 2, red));
  store.apply(thing("a", 3, blue));
  expect([names("red"), names("blue")]).toEqual([["b"], ["a"]]);
  store.remove(thing("b", 4, blue));
  store.replace([thing("c", 5, blue)]);
  expect([names("red"), names("blue")]).toEqual([[], ["c"]]);
  expect(() => store.byIndex("size", "l")).toThrow("Expected `name` to be an index, got `size`");
  expect(() => store.addIndex("color", () => [])).toThrow("Expected `name` to be a new index, got `color`");
});

test("listeners and index functions that throw are reported and end nothing", () => {
  const { store, changes, errors } = storeWithLog();
  store.addIndex("bad", () => {
    throw new Error("bad index");
  });
  store.onChange(() => {
    throw new Error("bad listener");
  });
  const late: string[] = [];
  store.onChange(({ object }) => late.push(object.metadata.name));
  store.replace([thing("a", 1), thing("b", 1)]);
  expect(late).toEqual(["a", "b"]);
  expect(changes).toHaveLength(2);
  expect(errors.map((error) => (error as Error).message)).toEqual([
    "bad index",
    "bad index",
    "bad listener",
    "bad listener",
  ]);
});

test("an asynchronous listener that rejects is reported", async () => {
  const { store, errors } = storeWithLog();
  store.onChange(() => Promise.reject(new Error("late")));
  store.apply(thing("a", 1));
  await expect.poll(() => errors).toEqual([new Error("late")]);
});

test("a listener can be removed", () => {
  const { store } = storeWithLog();
  const heard: string[] = [];
  const remove = store.onChange(({ object }) => heard.push(object.metadata.name));
  store.apply(thing("a", 1));
  remove();
  store.apply(thing("b", 1));
  expect(heard).toEqual(["a"]);
});

test("is synced after the first list, even an empty one", async () => {
  const { store } = storeWithLog();
  store.apply(thing("a", 1));
  expect(store.hasSynced).toBe(false);
  store.replace([]);
  expect(store.hasSynced).toBe(true);
  await store.synced;
});

test("the changes that are told always rebuild the store, and its indexes agree with a scan", () => {
  const name = fc.constantFrom("a", "b", "c", "d");
  const object = fc
    .record({
      name,
      version: fc.integer({ min: 1, max: 4 }),
      uid: fc.constantFrom("u1", "u2"),
      color: fc.constantFrom("red", "blue"),
    })
    .map(({ name: n, version, uid, color }) => thing(n, version, { uid, spec: { color } }));
  const step = fc.oneof(
    fc.record({
      do: fc.constant("replace" as const),
      objects: fc.uniqueArray(object, { selector: objectKey }),
    }),
    fc.record({ do: fc.constantFrom("apply" as const, "remove" as const), object }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const store = new Store<Thing>();
      store.addIndex("color", ({ spec }) => [spec?.color ?? ""]);
      const rebuilt = new Map<string, Thing>();
      store.onChange(({ type, object: changed, previous }) => {
        const key = objectKey(changed);
        expect(rebuilt.get(key)).toBe(previous);
        expect(type === "added").toBe(previous === undefined);
        if (type === "deleted") rebuilt.delete(key);
        else rebuilt.set(key, changed);
      });
      for (const action of steps) {
        if (action.do === "replace") store.replace(action.objects);
        else store[action.do](action.object);
        expect(new Set(store.list())).toEqual(new Set(rebuilt.values()));
        for (const color of ["red", "blue"]) {
          const scan = store.list().filter(({ spec }) => spec?.color === color);
          expect(new Set(store.byIndex("color", color))).toEqual(new Set(scan));
        }
      }
    }),
  );
});
