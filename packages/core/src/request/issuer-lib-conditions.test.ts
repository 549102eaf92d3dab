import type { SignerCondition } from "@countersign/issuer-signer";
import { describe, expect, test } from "vitest";
import { issuerStatus } from "../issuer/issuer-condition.ts";
import type { Condition } from "../kube/types.ts";
import { certificateRequest, definition, signingRequest } from "./issuer-lib-fixture.ts";
import { condition, group, issuerWith, now } from "./request-fixtures.ts";
import { attemptConditionType, requestStatus } from "./request-status.ts";
import { signingRequestStatus, signingRequestView } from "./signing-request-view.ts";

const earlier = "2026-05-01T11:59:00Z";
const present = "2026-05-01T12:00:00Z";

interface Case {
  /** What the object says of the type already. */
  readonly existing: Condition["status"];
  readonly wanted: Condition["status"];
  /** Another type that the same patch has to hold. */
  readonly other?: boolean;
  readonly lastTransitionTime: string;
}

const cases: readonly (readonly [name: string, row: Case])[] = [
  ["status does NOT change", { existing: "True", wanted: "True", lastTransitionTime: earlier }],
  ["status changes", { existing: "False", wanted: "True", lastTransitionTime: present }],
  ["patch already contains the type", { existing: "False", wanted: "False", lastTransitionTime: earlier }],
  [
    "patch contains another type",
    { existing: "False", wanted: "True", other: true, lastTransitionTime: present },
  ],
];

const queued = (status: Condition["status"]): SignerCondition => ({
  type: "Queued",
  status,
  reason: "New",
  message: "new",
});

/** A record of an earlier outcome, which has set the types, so that a patch begins with what it has to repeat. */
const recordOf = (...conditions: readonly string[]): Condition => ({
  ...condition(attemptConditionType(group), "True"),
  message: JSON.stringify({ attemptId: "a", conditions }),
});

function onObject({ existing, other = false }: Case): readonly Condition[] {
  const types = other ? ["Other", "Queued"] : ["Queued"];
  return [
    condition("Queued", existing, "Old"),
    ...(other ? [condition("Other", "True")] : []),
    recordOf(...types),
  ];
}

describe("issuer-lib: the condition setters of a CertificateRequest", () => {
  test.each(cases)("%s", (_, row) => {
    const request = certificateRequest(onObject(row));
    const ready = { reason: "Pending", message: "new" } as const;
    const status = requestStatus({ group, request, now, ready, conditions: [queued(row.wanted)] });
    const own = status.conditions.filter(({ type }) => type !== attemptConditionType(group));
    // Each type once, whatever the patch had to repeat.
    expect(own.map(({ type }) => type)).toEqual(["Ready", "Queued", ...(row.other ? ["Other"] : [])]);
    expect(own[1]).toEqual({ ...queued(row.wanted), lastTransitionTime: row.lastTransitionTime });
    if (row.other) expect(own[2]).toEqual(condition("Other", "True"));
  });
});

describe("issuer-lib: the condition setters of a CertificateSigningRequest", () => {
  test.each(cases)("%s", (_, row) => {
    const object = signingRequest({ conditions: [condition("Approved", "True"), ...onObject(row)] });
    const request = signingRequestView(definition, object, undefined);
    if (request === undefined) throw new Error("it should be ours");
    const ready = { reason: "Failed", message: "no" } as const;
    const status = requestStatus({
      group,
      request,
      now,
      ready,
      conditions: [queued(row.wanted)],
      attempt: null,
    });
    const { conditions } = signingRequestStatus(group, request, status, now) as { conditions: Condition[] };
    const others = row.other ? ["Other"] : [];
    expect(conditions.map(({ type }) => type)).toEqual([
      "Failed",
      "Queued",
      ...others,
      attemptConditionType(group),
    ]);
    expect(conditions[0]).toMatchObject({ lastUpdateTime: present, lastTransitionTime: present });
    expect(conditions[1]).toEqual({ ...queued(row.wanted), lastTransitionTime: row.lastTransitionTime });
  });
});

describe("issuer-lib: the condition setters of an issuer", () => {
  test.each(cases)("%s", (_, row) => {
    // A patch of an issuer has one condition; what others have set there is theirs and not repeated.
    const others = row.other ? [condition("Other", "True")] : [];
    const issuer = issuerWith([condition("Ready", row.existing, "Old"), ...others]);
    const verdict =
      row.wanted === "True"
        ? ({ status: "True", reason: "Checked", message: "new" } as const)
        : ({ status: "False", reason: "Pending", message: "new" } as const);
    expect(issuerStatus(issuer, verdict, now)?.conditions).toEqual([
      { type: "Ready", ...verdict, observedGeneration: 2, lastTransitionTime: row.lastTransitionTime },
    ]);
  });
});
