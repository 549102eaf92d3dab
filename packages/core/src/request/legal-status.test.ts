import { IssuerError, PermanentError, pending, RetryableError } from "@countersign/issuer-signer";
import { describe, expect, test } from "vitest";
import type { CertificateRequest, Condition } from "../kube/types.ts";
import { conclude, type SignResult } from "./conclude.ts";
import { decide } from "./decide.ts";
import { assertLegalStatus } from "./legal-status.ts";
import { approved, condition, group, issuerWith, now, readyIssuer, requestWith } from "./request-fixtures.ts";
import type { RequestStatus } from "./request-status.ts";

const certificate = "Y2VydA==";
const failureTime = "2026-05-01T12:00:00Z";

describe("assertLegalStatus", () => {
  test.each<[string, RequestStatus]>([
    ["issued", { conditions: [condition("Ready", "True", "Issued")], certificate, ca: certificate }],
    [
      "pending",
      { conditions: [condition("Ready", "False", "Pending"), condition("a.example.com/X", "True")] },
    ],
    ["failed", { conditions: [condition("Ready", "False", "Failed")], failureTime }],
    ["denied", { conditions: [condition("Ready", "False", "Denied")], failureTime }],
  ])("lets %s pass", (_, status) => {
    expect(() => assertLegalStatus(status)).not.toThrow();
  });

  test.each<[string, RequestStatus]>([
    ["no Ready condition", { conditions: [], failureTime }],
    ["failureTime while Pending", { conditions: [condition("Ready", "False", "Pending")], failureTime }],
    ["Failed without failureTime", { conditions: [condition("Ready", "False", "Failed")] }],
    ["Denied without failureTime", { conditions: [condition("Ready", "False", "Denied")] }],
    ["Issued without a certificate", { conditions: [condition("Ready", "True", "Issued")] }],
    ["a certificate while Pending", { conditions: [condition("Ready", "False", "Pending")], certificate }],
    ["Ready=True with another reason", { conditions: [condition("Ready", "True", "Done")], certificate }],
    ["Ready=False/Issued", { conditions: [condition("Ready", "False", "Issued")], certificate }],
    ["Ready=True/Failed", { conditions: [condition("Ready", "True", "Failed")], failureTime }],
    ["Approved", { conditions: [condition("Ready", "False", "Pending"), condition("Approved", "True")] }],
    [
      "Denied as a condition",
      { conditions: [condition("Ready", "False", "Pending"), condition("Denied", "True")] },
    ],
    [
      "Ready twice",
      { conditions: [condition("Ready", "False", "Pending"), condition("Ready", "False", "Pending")] },
    ],
    ["an empty certificate", { conditions: [condition("Ready", "True", "Issued")], certificate: "" }],
    ["an empty CA", { conditions: [condition("Ready", "True", "Issued")], certificate, ca: "" }],
    ["a reason that cert-manager waits on for ever", { conditions: [condition("Ready", "False", "Busy")] }],
    ["Ready=Unknown", { conditions: [condition("Ready", "Unknown", "Pending")] }],
    [
      "a condition whose status is none",
      { conditions: [condition("Ready", "False", "Pending"), condition("a.example.com/X", "Yes" as "True")] },
    ],
    [
      "a condition without a reason",
      {
        conditions: [
          condition("Ready", "False", "Pending"),
          condition("a.example.com/X", "True", null as unknown as string),
        ],
      },
    ],
    [
      "a condition without a type",
      { conditions: [condition("Ready", "False", "Pending"), condition("", "True")] },
    ],
    ["a CA while Pending", { conditions: [condition("Ready", "False", "Pending")], ca: certificate }],
  ])("refuses %s", (_, status) => {
    expect(() => assertLegalStatus(status)).toThrow(TypeError);
  });

  test("R17: 100,000 random walks over conditions write no illegal status", () => {
    // A linear congruential generator: the walks are the same in every run.
    let seed = 42;
    const pick = <T>(...values: readonly T[]): T => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return values[(seed >>> 8) % values.length] as T;
    };
    const results = (): SignResult =>
      pick<SignResult>(
        pending({
          operation: { id: "1" },
          conditions: [{ type: "x.example.com/Y", status: "True", reason: "R", message: "m" }],
        }),
        { status: "error", error: new PermanentError("no") },
        { status: "error", error: new IssuerError("no") },
        { status: "error", error: new RetryableError("no") },
        { status: "error", error: "text" },
        {
          status: "issued",
          chain: { chain: [], chainPem: "CHAIN", ca: undefined, caPem: undefined, root: undefined },
          ca: pick("CA", undefined),
          mismatches: [],
        },
      );
    const mine = (conditions: readonly Condition[]) =>
      conditions.filter(({ type }) => !["Approved", "Denied", "InvalidRequest"].includes(type));
    let writes = 0;
    for (let walk = 0; walk < 100_000; walk += 1) {
      let request: CertificateRequest = requestWith([]);
      for (let step = 0; step < 4; step += 1) {
        const others = pick<Condition[]>(
          [],
          [approved],
          [condition("Denied", "True")],
          [condition("InvalidRequest", "True")],
        );
        const conditions = [...others, ...mine(request.status?.conditions ?? [])];
        request = { ...request, status: { ...request.status, conditions } };
        const at = now + step * pick(0, 1000, 100_000);
        const decision = decide({
          group,
          request,
          issuerKind: "AcmeIssuer",
          issuerName: "acme",
          issuer: pick(readyIssuer, readyIssuer, undefined, issuerWith([])),
          connected: pick(true, false),
          memory: {},
          now: at,
        });
        let status: RequestStatus | undefined;
        if (decision.action === "write") status = decision.status;
        if (decision.action === "sign") {
          const result = results();
          status = conclude({
            group,
            request,
            attemptId: "a",
            result,
            times: pick({}, { triedSinceMs: now }, { triedSinceMs: now, pendingSinceMs: now }),
            limits: { retryForMs: 50_000, pendingForMs: pick(50_000, 1_000_000) },
            ofIssuer: {},
            now: at,
          }).status;
        }
        if (status === undefined) continue;
        assertLegalStatus(status);
        writes += 1;
        request = { ...request, status: { ...status, conditions: [...others, ...status.conditions] } };
      }
    }
    expect(writes).toBeGreaterThan(50_000);
  });
});
