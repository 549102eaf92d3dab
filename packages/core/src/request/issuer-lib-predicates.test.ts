import { describe, expect, test } from "vitest";
import type { CertificateRequest, CertificateSigningRequest, Condition } from "../kube/types.ts";
import { certificateRequest, definition, signingRequest } from "./issuer-lib-fixture.ts";
import { condition, group } from "./request-fixtures.ts";
import { signingRequestView } from "./signing-request-view.ts";
import { wakesRequest } from "./wakes-request.ts";

const annotated = { annotations: { "example.com/a": "1" } };
const labelled = { labels: { "example.com/a": "1" } };

type Row<T> = readonly [name: string, before: T | undefined, after: T, wakes: boolean];

function request(
  conditions: readonly Condition[],
  metadata: Partial<CertificateRequest["metadata"]> = {},
): CertificateRequest {
  const object = certificateRequest(conditions);
  return { ...object, metadata: { ...object.metadata, ...metadata } };
}

const requests: readonly Row<CertificateRequest>[] = [
  ["nil", undefined, request([]), true],
  // Another object of the same name, which is the nearest that a typed store comes to another type.
  ["wrong-type", request([]), request([], { uid: "uid-2" }), true],
  ["label-changed", request([]), request([], labelled), false],
  ["annotation-added", request([]), request([], annotated), true],
  [
    "ready-condition-changed",
    request([condition("Ready", "Unknown")]),
    request([condition("Ready", "True")]),
    false,
  ],
  // Ready is ours alone: its echo would have the request tried again at once.
  ["ready-condition-added", request([]), request([condition("Ready", "True")]), false],
  [
    "ready-condition-added-other-removed",
    request([condition("Other", "True")]),
    request([condition("Ready", "True")]),
    true,
  ],
  [
    "approved-condition-changed",
    request([condition("Approved", "False")]),
    request([condition("Approved", "True")]),
    true,
  ],
  [
    "approved-condition-changed-only-reason",
    request([condition("Approved", "True", "A")]),
    request([condition("Approved", "True", "B")]),
    false,
  ],
];

describe("issuer-lib: the predicate of CertificateRequests", () => {
  test.each(requests)("%s", (_, before, after, wakes) => {
    expect(wakesRequest(group, after, before)).toBe(wakes);
  });
});

function signing(
  conditions: readonly Condition[],
  metadata: Partial<CertificateRequest["metadata"]> = {},
): CertificateSigningRequest {
  const object = signingRequest({ conditions });
  return { ...object, metadata: { ...object.metadata, ...metadata } };
}

/** `Failed` ends a request: whoever has set it, there is nothing to do, and so no need for a look. */
const signings: readonly Row<CertificateSigningRequest>[] = [
  ["nil", undefined, signing([]), true],
  // Another object of the same name, which is the nearest that a typed store comes to another type.
  ["wrong-type", signing([]), signing([], { uid: "uid-2" }), true],
  ["label-changed", signing([]), signing([], labelled), false],
  ["annotation-added", signing([]), signing([], annotated), true],
  [
    "failed-condition-changed",
    signing([condition("Failed", "False")]),
    signing([condition("Failed", "True")]),
    false,
  ],
  ["failed-condition-added", signing([]), signing([condition("Failed", "True")]), false],
  [
    "failed-condition-added-other-removed",
    signing([condition("Other", "True")]),
    signing([condition("Failed", "True")]),
    true,
  ],
  // The API server takes no other status than True, so that the condition is there is its only change.
  ["approved-condition-changed", signing([]), signing([condition("Approved", "True")]), true],
  [
    "approved-condition-changed-only-reason",
    signing([condition("Approved", "True", "A")]),
    signing([condition("Approved", "True", "B")]),
    false,
  ],
];

describe("issuer-lib: the predicate of CertificateSigningRequests", () => {
  const view = (object: CertificateSigningRequest | undefined) =>
    object && signingRequestView(definition, object, undefined);

  test.each(signings)("%s", (_, before, after, wakes) => {
    const now = view(after);
    if (now === undefined) throw new Error("it should be ours");
    expect(wakesRequest(group, now, view(before))).toBe(wakes);
  });
});
