import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JsonObject } from "../json.ts";
import type { KubeObject } from "../kube-object.ts";
import { applyDefaults } from "../schema/default.ts";
import type { JsonSchema } from "../schema/json-schema.ts";
import { compileRootSchema } from "../schema/schema.ts";
import { paths } from "./field-set.ts";
import { type ManagerKey, type Managers, managerId } from "./managers.ts";
import { applyConfig, recordUpdate } from "./own-fields.ts";

const text: JsonSchema = { type: "string" };
const schema = compileRootSchema({
  type: "object",
  properties: {
    spec: {
      type: "object",
      properties: {
        a: text,
        b: text,
        tags: { type: "array", items: text, "x-kubernetes-list-type": "set" },
        map: { type: "object", additionalProperties: text },
        whole: { type: "object", "x-kubernetes-map-type": "atomic", properties: { x: text, y: text } },
        list: { type: "array", items: text },
        ports: {
          type: "array",
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["port", "protocol"],
          items: {
            type: "object",
            properties: { port: { type: "integer" }, protocol: { ...text, default: "TCP" }, note: text },
          },
        },
        free: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
      },
    },
    status: {
      type: "object",
      properties: {
        conditions: {
          type: "array",
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["type"],
          items: { type: "object", properties: { type: text, status: text, reason: text } },
        },
      },
    },
  },
});

const identity = { apiVersion: "example.com/v1", kind: "Widget", metadata: { name: "w", uid: "u" } };

function object(parts: JsonObject): KubeObject {
  return { ...identity, ...parts };
}

function key(manager: string, operation: "Apply" | "Update" = "Apply"): ManagerKey {
  return { manager, operation, apiVersion: "example.com/v1", subresource: "" };
}

/** One object under server-side apply. */
class Scene {
  object: KubeObject = object({});
  managers: Managers = new Map();

  apply(manager: string, parts: JsonObject, force = false) {
    const result = applyConfig(this.object, object(parts), this.managers, {
      schema,
      key: key(manager),
      ignored: {},
      now: "2026-01-01T00:00:00Z",
      force,
    });
    if (!result.conflicts) this.object = applyDefaults(result.object, schema);
    return result;
  }

  update(manager: string, parts: JsonObject): void {
    const next = object(parts);
    const now = "2026-01-01T00:00:00Z";
    recordUpdate(this.object, next, this.managers, { schema, key: key(manager, "Update"), ignored: {}, now });
    this.object = next;
  }

  owned(manager: string, operation: "Apply" | "Update" = "Apply"): string[] {
    return paths(this.managers.get(managerId(key(manager, operation)))?.fields ?? {});
  }

  get spec(): unknown {
    return this.object.spec;
  }
}

describe("server-side apply", () => {
  test("owns the leaves it applies and nothing between", () => {
    const scene = new Scene();
    scene.apply("one", { spec: { a: "1", map: { k: "v" }, tags: ["x"], whole: { x: "1" } } });
    expect(scene.owned("one")).toEqual([".spec.a", ".spec.whole", ".spec.map.k", '.spec.tags[="x"]']);
  });

  test("shares a field that two managers apply with the same value", () => {
    const scene = new Scene();
    scene.apply("one", { spec: { a: "1" } });
    expect(scene.apply("two", { spec: { a: "1" } }).conflicts).toBeUndefined();
    scene.apply("one", {});
    expect(scene.spec).toEqual({ a: "1" });
    scene.apply("two", {});
    expect(scene.spec).toBeUndefined();
  });

  test("conflicts over a value that another manager owns, unless forced", () => {
    const scene = new Scene();
    scene.apply("one", { spec: { a: "1", b: "1" } });
    const { conflicts } = scene.apply("two", { spec: { a: "2" } });
    expect(conflicts?.map(({ manager, path }) => [manager.manager, path])).toEqual([["one", ".spec.a"]]);
    expect(scene.spec).toEqual({ a: "1", b: "1" });
    scene.apply("two", { spec: { a: "2" } }, true);
    expect(scene.spec).toEqual({ a: "2", b: "1" });
    expect(scene.owned("one")).toEqual([".spec.b"]);
  });

  test("removes what it no longer applies, and the parents that this empties", () => {
    const scene = new Scene();
    scene.apply("one", { spec: { a: "1", map: { k: "v" } } });
    scene.apply("one", { spec: { a: "1" } });
    expect(scene.spec).toEqual({ a: "1" });
  });

  test("keeps what nobody owns beside what it removes", () => {
    const scene = new Scene();
    scene.object = object({ spec: { map: { mine: "1", theirs: "2" } } });
    scene.apply("one", { spec: { map: { mine: "1" } } });
    scene.apply("one", { spec: { map: {} } });
    expect(scene.spec).toEqual({ map: { theirs: "2" } });
  });

  test("owns list items by their key, and a key's default counts", () => {
    const scene = new Scene();
    scene.apply("one", { spec: { ports: [{ port: 80, note: "web" }] } });
    scene.apply("two", { spec: { ports: [{ port: 80, protocol: "UDP" }] } });
    expect(scene.spec).toEqual({
      ports: [
        { port: 80, note: "web", protocol: "TCP" },
        { port: 80, protocol: "UDP" },
      ],
    });
    expect(scene.apply("two", { spec: { ports: [{ port: 80, note: "mine" }] } }).conflicts).toHaveLength(1);
    scene.apply("one", {});
    expect(scene.spec).toEqual({ ports: [{ port: 80, protocol: "UDP" }] });
  });

  test("lets two controllers each keep their own condition", () => {
    const scene = new Scene();
    scene.apply("approver", { status: { conditions: [{ type: "Approved", status: "True" }] } });
    scene.apply("issuer", {
      status: { conditions: [{ type: "Ready", status: "False", reason: "Pending" }] },
    });
    scene.apply("issuer", { status: { conditions: [{ type: "Ready", status: "True" }] } });
    expect(scene.object.status).toEqual({
      conditions: [
        { type: "Approved", status: "True" },
        { type: "Ready", status: "True" },
      ],
    });
  });

  test("replaces atomic maps and lists as a whole", () => {
    const scene = new Scene();
    scene.apply("one", { spec: { whole: { x: "1", y: "1" }, list: ["a", "b"] } });
    scene.apply("one", { spec: { whole: { y: "2" }, list: ["c"] } });
    expect(scene.spec).toEqual({ whole: { y: "2" }, list: ["c"] });
  });

  test("merges untyped objects field by field, and their lists as a whole", () => {
    const scene = new Scene();
    scene.apply("one", { spec: { free: { a: { x: 1 }, l: [1, 2] } } });
    scene.apply("two", { spec: { free: { a: { y: 2 } } } });
    expect(scene.spec).toEqual({ free: { a: { x: 1, y: 2 }, l: [1, 2] } });
    expect(scene.apply("two", { spec: { free: { l: [3] } } }).conflicts).toHaveLength(1);
  });

  test("takes null over content for no statement, and over nothing for a value", () => {
    const scene = new Scene();
    scene.object = object({ spec: { free: { a: { x: 1 } }, map: { k: "v" } } });
    scene.apply("one", { spec: { free: { a: null, b: null }, map: null } });
    expect(scene.spec).toEqual({ free: { a: { x: 1 }, b: null }, map: { k: "v" } });
  });

  test("changes nothing, not even the time, when it applies the same again", () => {
    const scene = new Scene();
    scene.apply("one", { spec: { a: "1", tags: ["x", "y"] } });
    const before = structuredClone([...scene.managers]);
    expect(scene.apply("one", { spec: { a: "1", tags: ["x", "y"] } })).toMatchObject({ changed: false });
    expect([...scene.managers]).toEqual(before);
  });

  test("puts its items in its own order and keeps the others in theirs", () => {
    const scene = new Scene();
    scene.object = object({ spec: { tags: ["a", "b", "c", "d"] } });
    scene.apply("one", { spec: { tags: ["c", "x", "a"] } });
    expect(scene.spec).toEqual({ tags: ["b", "c", "d", "x", "a"] });
  });
});

describe("other writes", () => {
  test("own what they add with its parents, and take over what they change", () => {
    const scene = new Scene();
    scene.apply("one", { spec: { a: "1", b: "1" } });
    scene.update("two", { spec: { a: "1", b: "2", map: { k: "v" } } });
    expect(scene.owned("one")).toEqual([".spec.a"]);
    expect(scene.owned("two", "Update")).toEqual([".spec.b", ".spec.map", ".spec.map.k"]);
  });

  test("free what they remove from its owners", () => {
    const scene = new Scene();
    scene.apply("one", { spec: { a: "1", tags: ["x"] } });
    scene.update("two", { spec: { a: "1" } });
    expect(scene.owned("one")).toEqual([".spec.a"]);
  });

  test("conflict with a later apply", () => {
    const scene = new Scene();
    scene.update("two", { spec: { a: "2" } });
    expect(scene.apply("one", { spec: { a: "1" } }).conflicts).toHaveLength(1);
  });

  test("are folded into ancient-changes past ten managers", () => {
    const scene = new Scene();
    for (let index = 0; index < 14; index += 1) {
      scene.update(`m${index}`, {
        spec: { map: { ...(scene.spec as { map?: object })?.map, [`k${index}`]: "v" } },
      });
    }
    const names = [...scene.managers.values()].map(({ manager }) => manager);
    expect(names).toHaveLength(10);
    expect(names).toContain("ancient-changes");
  });
});

describe("any sequence of applies", () => {
  const leaf = fc.constantFrom("1", "2");
  const optional = { requiredKeys: [] };
  const spec = fc.record(
    {
      a: leaf,
      b: leaf,
      tags: fc.uniqueArray(fc.constantFrom("x", "y", "z"), { maxLength: 3 }),
      map: fc.dictionary(fc.constantFrom("k", "l"), leaf, { maxKeys: 2 }),
      whole: fc.record({ x: leaf, y: leaf }, optional),
      ports: fc.uniqueArray(
        fc.record({ port: fc.constantFrom(80, 443), note: leaf }, { requiredKeys: ["port"] }),
        {
          selector: ({ port }) => port,
          maxLength: 2,
        },
      ),
    },
    optional,
  );
  const step = fc.record({ manager: fc.constantFrom("one", "two", "three"), spec, force: fc.boolean() });

  test("leaves every manager owning only fields that exist", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 6 }), (steps) => {
        const scene = new Scene();
        for (const { manager, spec: applied, force } of steps) scene.apply(manager, { spec: applied }, force);
        const there = new Set(existing(scene.object));
        for (const { fields } of scene.managers.values()) {
          for (const path of paths(fields)) expect(there).toContain(path);
        }
      }),
    );
  });

  test("gives a forced apply every value that it asked for", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 4 }), spec, (steps, last) => {
        const scene = new Scene();
        for (const { manager, spec: applied, force } of steps) scene.apply(manager, { spec: applied }, force);
        scene.apply("last", { spec: last }, true);
        const { a, b, map = {} } = (scene.spec ?? {}) as typeof last;
        if (last.a !== undefined) expect(a).toBe(last.a);
        if (last.b !== undefined) expect(b).toBe(last.b);
        expect(map).toMatchObject(last.map ?? {});
        expect(scene.apply("last", { spec: last }, true)).toMatchObject({ changed: false });
      }),
    );
  });

  test("is undone for good when every manager applies nothing", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 6 }), (steps) => {
        const scene = new Scene();
        for (const { manager, spec: applied } of steps) scene.apply(manager, { spec: applied }, true);
        for (const manager of ["one", "two", "three"]) scene.apply(manager, {}, true);
        expect(scene.managers.size).toBe(0);
        expect(existing(scene.object).filter((path) => path.startsWith(".spec."))).toEqual([]);
      }),
    );
  });

  test("never lets an unforced apply change what another manager owns", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 5 }), step, (steps, last) => {
        const scene = new Scene();
        for (const { manager, spec: applied } of steps) scene.apply(manager, { spec: applied }, true);
        const before = JSON.stringify(scene.object);
        const owners = new Map([...scene.managers].map(([id, { fields }]) => [id, paths(fields)]));
        const { conflicts } = scene.apply("last", { spec: last.spec });
        if (conflicts) expect(JSON.stringify(scene.object)).toBe(before);
        for (const [id, fields] of owners) {
          expect(paths(scene.managers.get(id)?.fields ?? {})).toEqual(fields);
        }
      }),
    );
  });
});

/** Every path of an object at the granularity of the test schema, containers included. */
function existing(value: KubeObject): string[] {
  const scene = new Scene();
  scene.managers = new Map();
  scene.object = { apiVersion: value.apiVersion, kind: value.kind, metadata: {} };
  const managers: Managers = new Map();
  const now = "2026-01-01T00:00:00Z";
  recordUpdate(scene.object, value, managers, { schema, key: key("all", "Update"), ignored: {}, now });
  return [...managers.values()].flatMap(({ fields }) => paths(fields));
}
