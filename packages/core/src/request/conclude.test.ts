import {
  BadCertificateError,
  IssuerError,
  PermanentError,
  pending,
  RequestRejected,
  RetryableError,
} from "@countersign/issuer-signer";
import { describe, expect, test } from "vitest";
import { type ConclusionInput, conclude } from "./conclude.ts";
import { approved, condition, group, now, requestWith } from "./request-fixtures.ts";
import { attemptConditionType, readAttempt } from "./request-status.ts";

function concludeOn(result: ConclusionInput["result"], more: Partial<ConclusionInput> = {}) {
  return conclude({
    group,
    request: requestWith([approved]),
    attemptId: "attempt-1",
    result,
    times: { triedSinceMs: now - 1000 },
    limits: { retryForMs: 60_000, pendingForMs: 600_000 },
    ofIssuer: {},
    now,
    ...more,
  });
}

const failed = (error: unknown) => ({ status: "error", error }) as const;
const late = { times: { triedSinceMs: now - 120_000 } };

describe("conclude", () => {
  test("fail-on-permanent-error: Failed and failureTime in one status", () => {
    const { status, event, next } = concludeOn(failed(new PermanentError("key type not allowed")));
    expect(status).toMatchObject({
      failureTime: "2026-05-01T12:00:00Z",
      conditions: [
        {
          type: "Ready",
          status: "False",
          reason: "Failed",
          message: "Failed permanently to sign CertificateRequest: key type not allowed",
        },
      ],
    });
    expect(event).toMatchObject({ type: "Warning", reason: "PermanentError" });
    expect(next).toEqual({ kind: "done" });
  });

  test("a wrapped error counts as what it wraps", () => {
    const wrapped = new Error("while enrolling", { cause: new RequestRejected("no") });
    expect(concludeOn(failed(wrapped)).next).toEqual({ kind: "done" });
  });

  test("retry-on-error: Pending, back-off, no failureTime", () => {
    const { status, event, next } = concludeOn(failed(new Error("connection reset")));
    expect(status.failureTime).toBeUndefined();
    expect(status.conditions[0]).toMatchObject({
      reason: "Pending",
      message: "Failed to sign CertificateRequest, will retry: connection reset",
    });
    expect(event).toMatchObject({ type: "Warning", reason: "RetryableError" });
    expect(next).toEqual({ kind: "again", afterMs: 0, backOff: "short" });
  });

  test("an answer that is refused is asked for again more seldom", () => {
    const { status, next } = concludeOn(failed(new BadCertificateError("another key")));
    expect(status.conditions[0]?.reason).toBe("Pending");
    expect(next).toEqual({ kind: "again", afterMs: 0, backOff: "long" });
  });

  test("waits at least as long as the PKI asks for", () => {
    const error = new RetryableError("busy", { retryAfterMs: 7000 });
    expect(concludeOn(failed(error)).next).toEqual({ kind: "again", afterMs: 7000, backOff: "short" });
  });

  test("timeout-permanent-error: a retryable error past the retry deadline fails", () => {
    const { status, next } = concludeOn(failed(new Error("still down")), late);
    expect(status).toMatchObject({ failureTime: "2026-05-01T12:00:00Z", conditions: [{ reason: "Failed" }] });
    expect(next).toEqual({ kind: "done" });
  });

  test("retry-on-pending-error-custom: pending is looked at when the signer says, retry deadline or not", () => {
    const result = pending({ operation: { id: "42" }, retryAfterMs: 5000 });
    for (const more of [{}, late]) {
      const { status, next } = concludeOn(result, more);
      expect(status.conditions[0]).toMatchObject({ type: "Ready", status: "False", reason: "Pending" });
      expect(next).toEqual({ kind: "again", afterMs: 5000, backOff: "none" });
    }
  });

  test("keeps the operation on the request, and reads it back", () => {
    const { status } = concludeOn(pending({ operation: { id: "42" } }));
    expect(status.conditions.map(({ type }) => type)).toEqual(["Ready", attemptConditionType(group)]);
    const after = requestWith([approved, ...status.conditions]);
    expect(readAttempt(group, after)).toEqual({
      attemptId: "attempt-1",
      operation: { id: "42" },
      times: { pendingSinceMs: now },
      conditions: [],
    });
  });

  test("repeats the operation and the signer's conditions in a later apply, since an apply drops what it leaves out", () => {
    const conditions = [
      { type: "example.com/Queued", status: "True", reason: "Queue", message: "place 3" },
    ] as const;
    const first = concludeOn(pending({ operation: { id: "42" }, conditions }));
    const request = requestWith([approved, ...first.status.conditions, condition("Foreign", "True")]);
    const second = concludeOn(failed(new Error("reset")), { request });
    expect(second.status.conditions.map(({ type }) => type)).toEqual([
      "Ready",
      "example.com/Queued",
      attemptConditionType(group),
    ]);
    expect(second.status.conditions[1]).toMatchObject({ message: "place 3" });
  });

  test("an issuer's fault sends the request back to wait for its issuer", () => {
    const error = new IssuerError("token refused");
    const { status, next } = concludeOn(failed(error), late);
    expect(status.conditions[0]).toMatchObject({
      reason: "Pending",
      message: "Waiting for issuer to become ready. Current issuer ready condition is outdated.",
    });
    expect(next).toEqual({ kind: "issuer", error });
  });

  test("refuses an operation that is too large to keep", () => {
    expect(() => concludeOn(pending({ operation: "x".repeat(5000) }))).toThrow(
      /`operation` to be at most 4096 bytes/,
    );
  });

  test("shows the error's message and not its cause, on one line and cut", () => {
    const error = new Error(`bad\r\n${"x".repeat(3000)}`, { cause: new Error("hunter2") });
    const { status } = concludeOn(failed(error));
    const message = status.conditions[0]?.message ?? "";
    expect(message).not.toMatch(/[\r\n]|hunter2/);
    expect(Buffer.byteLength(message)).toBeLessThanOrEqual(1024);
  });

  describe("pending without an end", () => {
    const asked = pending({
      operation: { id: "42" },
      retryAfterMs: 30_000,
      message: "The order waits for a manager's approval.",
    });
    const pendingFor = (ms: number) => ({ times: { pendingSinceMs: now - ms } });

    test("goes on until its bound, and looks a last time right then", () => {
      const early = concludeOn(asked, pendingFor(500_000));
      expect(early.next).toMatchObject({ afterMs: 30_000 });
      const soon = concludeOn(asked, pendingFor(599_000));
      expect(soon.status.conditions[0]?.reason).toBe("Pending");
      expect(soon.next).toEqual({ kind: "again", afterMs: 1_000, backOff: "none" });
    });

    test("fails at its bound, and says what was waited for and what to do", () => {
      const { status, event, next } = concludeOn(asked, pendingFor(600_000));
      expect(status.failureTime).toBe("2026-05-01T12:00:00Z");
      expect(status.conditions).toMatchObject([
        {
          type: "Ready",
          reason: "Failed",
          message:
            "Failed permanently to sign CertificateRequest: the PKI has had the request for 10 minutes without issuing. Last it said: The order waits for a manager's approval. Have the order decided at the PKI, then create a new request.",
        },
      ]);
      expect(event).toMatchObject({ type: "Warning", reason: "PermanentError" });
      expect(next).toEqual({ kind: "done" });
    });

    test("a signer that knows better sets the bound", () => {
      expect(concludeOn({ ...asked, giveUpAfterMs: 900_000 }, pendingFor(600_000)).next.kind).toBe("again");
      expect(concludeOn({ ...asked, giveUpAfterMs: 60_000 }, pendingFor(60_000)).next.kind).toBe("done");
    });

    test("the issuer object goes before the program and before the signer", () => {
      const ofIssuer = { pendingForMs: 900_000 };
      const more = { ...pendingFor(600_000), ofIssuer };
      expect(concludeOn(asked, more).next.kind).toBe("again");
      expect(concludeOn({ ...asked, giveUpAfterMs: 60_000 }, more).next.kind).toBe("again");
      const short = { ...pendingFor(60_000), ofIssuer: { pendingForMs: 60_000 } };
      expect(concludeOn({ ...asked, giveUpAfterMs: 900_000 }, short).next.kind).toBe("done");
    });

    test("counts from the first pending answer, not from the first call", () => {
      const first = concludeOn(asked, { times: { triedSinceMs: now - 6_000_000 } });
      expect(first.next.kind).toBe("again");
      const request = requestWith([approved, ...first.status.conditions]);
      expect(readAttempt(group, request)?.times).toEqual({ pendingSinceMs: now });
    });

    test("a later error does not begin it anew, and has the retry deadline to itself", () => {
      const times = { triedSinceMs: now, pendingSinceMs: now - 500_000 };
      const { status } = concludeOn(failed(new Error("reset")), { times });
      const request = requestWith([approved, ...status.conditions]);
      expect(readAttempt(group, request)?.times).toEqual(times);
    });
  });

  test("trouble is recorded with its beginning, so that a restart does not begin the deadline anew", () => {
    const { status } = concludeOn(failed(new Error("reset")));
    const request = requestWith([approved, ...status.conditions]);
    expect(readAttempt(group, request)).toEqual({
      attemptId: "attempt-1",
      operation: undefined,
      times: { triedSinceMs: now - 1000 },
      conditions: [],
    });
  });

  test("an issuer object has a retry deadline of its own", () => {
    const error = failed(new Error("still down"));
    expect(concludeOn(error, { ...late, ofIssuer: { retryForMs: 180_000 } }).next.kind).toBe("again");
    expect(concludeOn(error, { ofIssuer: { retryForMs: 1_000 } }).next.kind).toBe("done");
  });

  test("an issuer's fault stops the clock of the retry deadline, where one runs", () => {
    const trouble = concludeOn(failed(new Error("reset")));
    const request = requestWith([approved, ...trouble.status.conditions]);
    const { status } = concludeOn(failed(new IssuerError("token refused")), { request });
    const waiting = requestWith([approved, ...status.conditions]);
    expect(readAttempt(group, waiting)?.times).toEqual({ triedSinceMs: now - 1000, waitingSinceMs: now });
    expect(concludeOn(failed(new IssuerError("no"))).status.conditions).toHaveLength(1);
  });

  test("issued: certificate, CA and Ready=True/Issued in one status, and the attempt record is gone", () => {
    const pendingStatus = concludeOn(pending({ operation: { id: "42" } })).status;
    const { status, next } = concludeOn(
      {
        status: "issued",
        chain: { chain: [], chainPem: "CHAIN", root: undefined, ca: undefined, caPem: undefined },
        ca: "CA",
        mismatches: [],
      },
      { request: requestWith([approved, ...pendingStatus.conditions]) },
    );
    expect(status).toMatchObject({
      certificate: Buffer.from("CHAIN").toString("base64"),
      ca: Buffer.from("CA").toString("base64"),
    });
    expect(status.conditions).toHaveLength(1);
    expect(status.conditions[0]).toMatchObject({ type: "Ready", status: "True", reason: "Issued" });
    expect(status.failureTime).toBeUndefined();
    expect(next).toEqual({ kind: "done" });
  });
});
