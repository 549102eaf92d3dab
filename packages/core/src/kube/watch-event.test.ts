import fc from "fast-check";
import { expect, test } from "vitest";
import { thing, thingType } from "./collection-fixture.ts";
import { kubeApiError } from "./kube-api-error.ts";
import { isKubeNetworkError } from "./kube-network-error.ts";
import { parseListPage, parseObject, parseResourceVersion, parseWatchEvent } from "./watch-event.ts";

test("a list may have null in place of no items, as Go writes it", () => {
  expect(parseListPage({ metadata: { resourceVersion: "1" }, items: null })).toEqual({
    items: [],
    resourceVersion: "1",
    next: undefined,
  });
});

test("an empty continue token is none", () => {
  expect(parseListPage({ metadata: { resourceVersion: "1", continue: "" } }).next).toBeUndefined();
  expect(parseListPage({ metadata: { resourceVersion: "1", continue: "x" } }).next).toBe("x");
});

test.each([
  [() => parseListPage({ items: [] }), "a list"],
  [() => parseListPage({ items: {}, metadata: { resourceVersion: "1" } }), "a list"],
  [() => parseWatchEvent({ type: "CHANGED", object: {} }), "a watch event"],
  [() => parseResourceVersion({ metadata: { resourceVersion: "" } }), "an object with a resourceVersion"],
  [() => parseObject({ metadata: { resourceVersion: "1" } }, thingType), "an object with a name"],
])("what is not what it should be is a protocol error (%#)", (parse, expected) => {
  expect(parse).toThrow(`The Kubernetes API sent something else where ${expected} was due.`);
});

test("apiVersion and kind of the object itself are kept", () => {
  const object = { ...thing("a", 1), apiVersion: "example.com/v1beta1" };
  expect(parseObject(object, thingType).apiVersion).toBe("example.com/v1beta1");
});

test("any JSON is read, or refused with a protocol error", () => {
  const skeleton = fc.record(
    {
      type: fc.oneof(fc.constantFrom("ADDED", "ERROR"), fc.jsonValue()),
      object: fc.jsonValue(),
      kind: fc.oneof(fc.constant("Status"), fc.jsonValue()),
      code: fc.jsonValue(),
      reason: fc.jsonValue(),
      message: fc.jsonValue(),
      details: fc.jsonValue(),
      items: fc.jsonValue(),
      metadata: fc.oneof(
        fc.jsonValue(),
        fc.record({ name: fc.jsonValue(), resourceVersion: fc.jsonValue(), continue: fc.jsonValue() }),
      ),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), skeleton), (value) => {
      for (const parse of [parseListPage, parseWatchEvent, parseResourceVersion]) {
        try {
          parse(value);
        } catch (error) {
          expect(isKubeNetworkError(error)).toBe(true);
        }
      }
      try {
        expect(parseObject(structuredClone(value), thingType)).toMatchObject({
          metadata: { name: expect.any(String) },
        });
      } catch (error) {
        expect(isKubeNetworkError(error)).toBe(true);
      }
      const { status, message, reason } = kubeApiError(500, value, "GET /x");
      expect([typeof status, typeof message, typeof reason]).toEqual(["number", "string", "string"]);
    }),
    { numRuns: 2_000 },
  );
});
