import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { KubeObject } from "../kube-object.ts";
import { ResourceStore } from "./resource-store.ts";
import { Revision } from "./revision.ts";
import type { Stored } from "./stored.ts";

function object(value: string): KubeObject {
  return { apiVersion: "v1", kind: "X", metadata: {}, value };
}

function show(stored: readonly Stored[] | undefined): string[] | undefined {
  return stored?.map(({ key, object: { value } }) => `${key}=${String(value)}`);
}

describe("ResourceStore", () => {
  test("gives every write the next revision of the whole server", () => {
    const revision = new Revision();
    const [one, two] = [new ResourceStore(revision, 10), new ResourceStore(revision, 10)];
    const first = one.put("n", "a", object("1"));
    const second = two.put("n", "a", object("1"));
    expect(second.revision).toBe(first.revision + 1);
    expect(second.object.metadata.resourceVersion).toBe(String(second.revision));
    expect(one.remove("n", "a", first.object).revision).toBe(second.revision + 1);
  });

  test("lists a namespace in key order, and never its neighbours", () => {
    const store = new ResourceStore(new Revision(), 10);
    for (const [namespace, name] of [
      ["b", "z"],
      ["a", "y"],
      ["ab", "x"],
      ["a", "b"],
    ] as const) {
      store.put(namespace, name, object("1"));
    }
    expect(show(store.list("a"))).toEqual(["a/b=1", "a/y=1"]);
    expect(show(store.list())).toEqual(["a/b=1", "a/y=1", "ab/x=1", "b/z=1"]);
  });

  test("shows any past state that its history reaches", () => {
    const write = fc.record({
      name: fc.constantFrom("a", "b", "c"),
      value: fc.option(fc.constantFrom("1", "2")),
    });
    fc.assert(
      fc.property(fc.array(write, { maxLength: 20 }), (writes) => {
        const revision = new Revision();
        const store = new ResourceStore(revision, 100);
        const states = new Map([[revision.current, show(store.list())]]);
        for (const { name, value } of writes) {
          const live = store.get("n", name);
          if (value !== null) store.put("n", name, object(value));
          else if (live) store.remove("n", name, live.object);
          states.set(revision.current, show(store.list()));
        }
        for (const [at, state] of states) expect(show(store.listAt(at))).toEqual(state);
      }),
    );
  });

  test("keeps at least its window of history and says when more is asked", () => {
    const store = new ResourceStore(new Revision(), 5);
    for (let index = 0; index < 100; index += 1) store.put("n", "a", object(String(index)));
    expect(store.since(store.revision - 5)).toHaveLength(5);
    expect(store.since(1)).toBeUndefined();
    expect(store.listAt(1)).toBeUndefined();
    store.compact();
    expect(store.since(store.revision)).toEqual([]);
    expect(store.since(store.revision - 1)).toBeUndefined();
  });

  test("tells listeners of every change until they leave", () => {
    const store = new ResourceStore(new Revision(), 5);
    const seen: string[] = [];
    const leave = store.subscribe(({ type, previous }) => seen.push(`${type} ${previous ? "over" : "new"}`));
    const { object: live } = store.put("n", "a", object("1"));
    store.put("n", "a", object("2"));
    store.remove("n", "a", live);
    leave();
    store.put("n", "a", object("3"));
    expect(seen).toEqual(["ADDED new", "MODIFIED over", "DELETED over"]);
  });

  test("rewrites objects under a new schema without a change that anyone sees", () => {
    const store = new ResourceStore(new Revision(), 5);
    store.put("n", "a", object("1"));
    const before = store.revision;
    store.reread((stored) => ({ ...stored, value: "2" }));
    expect(show(store.list())).toEqual(["n/a=2"]);
    expect(store.revision).toBe(before);
    expect(store.get("n", "a")?.json).toContain('"value":"2"');
  });
});
