import { describe, expect, test } from "vitest";
import { approved, condition, group, requestWith } from "./request-fixtures.ts";
import { attemptConditionType } from "./request-status.ts";
import { wakesRequest } from "./wakes-request.ts";

const record = {
  ...condition(attemptConditionType(group), "True"),
  message: JSON.stringify({ attemptId: "a", conditions: ["example.com/Queued"] }),
};

describe("wakesRequest", () => {
  test.each([
    ["nil: the request is new", requestWith([]), undefined],
    ["annotation-added", requestWith([], { annotations: { a: "1" } }), requestWith([])],
    [
      "annotation-changed",
      requestWith([], { annotations: { a: "2" } }),
      requestWith([], { annotations: { a: "1" } }),
    ],
    ["approved-condition-added", requestWith([approved]), requestWith([])],
    ["approved-condition-changed", requestWith([approved]), requestWith([condition("Approved", "False")])],
    ["denied-condition-added", requestWith([condition("Denied", "True")]), requestWith([])],
    ["another's condition removed", requestWith([]), requestWith([condition("Other", "True")])],
    ["deletion", requestWith([], { deletionTimestamp: "2026-05-01T11:59:30Z" }), requestWith([])],
    ["another request of the same name", requestWith([], { uid: "uid-2" }), requestWith([])],
  ])("%s: wakes", (_, object, previous) => {
    expect(wakesRequest(group, object, previous)).toBe(true);
  });

  test.each([
    ["label-changed", requestWith([], { labels: { a: "1" } }), requestWith([])],
    ["ready-condition-added", requestWith([condition("Ready", "False", "Pending")]), requestWith([])],
    [
      "ready-condition-changed",
      requestWith([condition("Ready", "True", "Issued")]),
      requestWith([condition("Ready", "False", "Pending")]),
    ],
    [
      "approved-condition-changed-only-reason",
      requestWith([condition("Approved", "True", "A")]),
      requestWith([condition("Approved", "True", "B")]),
    ],
    ["our attempt record", requestWith([record]), requestWith([])],
    [
      "the signer's own condition",
      requestWith([record, condition("example.com/Queued", "True")]),
      requestWith([record]),
    ],
    [
      "annotations in another order",
      requestWith([], { annotations: { a: "1", b: "2" } }),
      requestWith([], { annotations: { b: "2", a: "1" } }),
    ],
  ])("%s: does not wake", (_, object, previous) => {
    expect(wakesRequest(group, object, previous)).toBe(false);
  });
});
