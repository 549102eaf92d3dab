import { describe, expect, test } from "vitest";
import type { CertificateRequest, Condition } from "../kube/types.ts";
import { type DecisionInput, decide } from "./decide.ts";
import { approved, condition, group, issuerWith, now, readyIssuer, requestWith } from "./request-fixtures.ts";
import { readAttempt, requestStatus } from "./request-status.ts";

function decideOn(request: CertificateRequest, more: Partial<DecisionInput> = {}) {
  return decide({
    group,
    request,
    issuerKind: "AcmeIssuer",
    issuerName: "acme",
    issuer: readyIssuer,
    connected: true,
    memory: {},
    now,
    ...more,
  });
}

function written(request: CertificateRequest, more: Partial<DecisionInput> = {}) {
  const decision = decideOn(request, more);
  if (decision.action !== "write") throw new Error(`expected a write, got ${JSON.stringify(decision)}`);
  return decision;
}

const readyCondition = (status: { readonly conditions: readonly Condition[] }) =>
  status.conditions.find(({ type }) => type === "Ready");

describe("decide", () => {
  test("signs an approved request of a ready issuer", () => {
    expect(decideOn(requestWith([approved]))).toEqual({ action: "sign" });
  });

  test("ignore-unless-approved-or-denied: writes nothing", () => {
    expect(decideOn(requestWith([]))).toMatchObject({ action: "wait" });
    expect(decideOn(requestWith([condition("Approved", "False")]))).toMatchObject({ action: "wait" });
  });

  test.each([
    ["already-ready", [approved, condition("Ready", "True", "Issued")]],
    ["already-failed", [approved, condition("Ready", "False", "Failed")]],
    ["already-denied", [condition("Denied", "True"), condition("Ready", "False", "Denied")]],
    ["marked InvalidRequest", [approved, condition("InvalidRequest", "True")]],
  ])("%s: is left alone", (_, conditions) => {
    expect(decideOn(requestWith(conditions))).toMatchObject({ action: "ignore" });
  });

  test("a request that is being deleted is left alone", () => {
    const request = requestWith([approved], { deletionTimestamp: "2026-05-01T11:59:30Z" });
    expect(decideOn(request)).toMatchObject({ action: "ignore" });
  });

  test.each([
    ["set-ready-denied: approved and denied", [approved, condition("Denied", "True")]],
    ["denied only, which is what the webhook allows", [condition("Denied", "True")]],
  ])("%s: Ready=False/Denied with failureTime", (_, conditions) => {
    const { status, event } = written(requestWith(conditions));
    expect(status.failureTime).toBe("2026-05-01T12:00:00Z");
    expect(status.conditions).toHaveLength(1);
    expect(readyCondition(status)).toEqual({
      type: "Ready",
      status: "False",
      reason: "Denied",
      message: "Detected that the CertificateRequest is denied, so it will never be Ready.",
      lastTransitionTime: "2026-05-01T12:00:00Z",
    });
    expect(event).toMatchObject({ type: "Warning", reason: "PermanentError" });
  });

  test("set-ready-pending-missing-issuer", () => {
    const { status, event } = written(requestWith([approved]), { issuer: undefined });
    expect(readyCondition(status)).toMatchObject({
      status: "False",
      reason: "Pending",
      message: 'AcmeIssuer.pki.example.com "acme" not found. Waiting for it to be created.',
    });
    expect(status.failureTime).toBeUndefined();
    expect(event).toMatchObject({ type: "Normal", reason: "WaitingForIssuerExist" });
  });

  test.each([
    ["set-ready-pending-issuer-has-no-ready-condition", issuerWith([]), ": <none>."],
    [
      "set-ready-pending-issuer-ready-outdated",
      issuerWith([{ ...condition("Ready", "True"), observedGeneration: 1 }]),
      " is outdated.",
    ],
    [
      "set-ready-pending-issuer-is-not-ready",
      issuerWith([{ ...condition("Ready", "False", "[REASON]", "[MESSAGE]"), observedGeneration: 2 }]),
      ' is "[REASON]": [MESSAGE].',
    ],
    [
      "an issuer's message that is a sentence keeps its own full stop",
      issuerWith([
        { ...condition("Ready", "False", "Pending", "Not found. Create it."), observedGeneration: 2 },
      ]),
      ' is "Pending": Not found. Create it.',
    ],
  ])("%s", (_, issuer, words) => {
    const { status, event } = written(requestWith([approved]), { issuer });
    expect(readyCondition(status)).toMatchObject({
      reason: "Pending",
      message: `Waiting for issuer to become ready. Current issuer ready condition${words}`,
    });
    expect(event).toMatchObject({ type: "Normal", reason: "WaitingForIssuerReady" });
  });

  test("a wait is noted in the record of an attempt once, and adds no record where there is none", () => {
    const times = { triedSinceMs: now - 5000 };
    const attempt = { attemptId: "a", operation: { id: "42" }, times };
    const ready = { reason: "Pending", message: "Failed to sign" } as const;
    const { conditions } = requestStatus({ group, request: requestWith([approved]), now, ready, attempt });
    const first = written(requestWith([approved, ...conditions]), { issuer: undefined });
    const request = requestWith([approved, ...first.status.conditions]);
    expect(readAttempt(group, request)).toEqual({
      ...attempt,
      times: { ...times, waitingSinceMs: now },
      conditions: [],
    });
    expect(decideOn(request, { issuer: undefined, now: now + 60_000 })).toMatchObject({ action: "wait" });
    expect(written(requestWith([approved]), { issuer: undefined }).status.conditions).toHaveLength(1);
  });

  test("does not write again what the request says already", () => {
    const { status } = written(requestWith([approved]), { issuer: undefined });
    const again = requestWith([approved, ...status.conditions]);
    expect(decideOn(again, { issuer: undefined, now: now + 60_000 })).toMatchObject({ action: "wait" });
  });

  test("waits without a write while the ready issuer is not connected yet", () => {
    expect(decideOn(requestWith([approved]), { connected: false })).toMatchObject({ action: "wait" });
  });

  test("waits for the end of the back-off", () => {
    const memory = { notBeforeMs: now + 5 };
    expect(decideOn(requestWith([approved]), { memory })).toMatchObject({ action: "wait", atMs: now + 5 });
    expect(decideOn(requestWith([approved]), { memory, now: now + 5 })).toEqual({ action: "sign" });
  });

  test("never answers failureTime without Ready=False/Denied, and never touches Approved or Denied", () => {
    const statuses = ["True", "False", "Unknown"] as const;
    const reasons = ["Pending", "Failed", "Issued", "Denied", "Other"];
    const issuers = [undefined, readyIssuer, issuerWith([])];
    let looked = 0;
    for (const ready of [
      undefined,
      ...statuses.flatMap((status) => reasons.map((reason) => ({ status, reason }))),
    ]) {
      for (const extra of [[], ["Approved"], ["Denied"], ["InvalidRequest"], ["Approved", "Denied"]]) {
        for (const extraStatus of statuses) {
          for (const issuer of issuers) {
            const conditions = extra.map((type) => condition(type, extraStatus));
            if (ready) conditions.push(condition("Ready", ready.status, ready.reason));
            const decision = decideOn(requestWith(conditions), { issuer });
            looked += 1;
            if (decision.action === "sign") expect(conditions).toContainEqual(condition("Approved", "True"));
            if (decision.action !== "write") continue;
            expect(decision.status.conditions.map(({ type }) => type)).toEqual(["Ready"]);
            expect(decision.status.failureTime !== undefined).toBe(
              readyCondition(decision.status)?.reason === "Denied",
            );
          }
        }
      }
    }
    expect(looked).toBe(16 * 5 * 3 * 3);
  });
});
