import type { CertificateRequest, Condition } from "@countersign/issuer-core";
import { describe, expect, test } from "vitest";
import { requestAnomalies } from "./anomaly.ts";
import { AnomalyReporter } from "./anomaly-reporter.ts";
import { certManagerEmitter } from "./events.ts";
import { requestOutcome } from "./request-outcome.ts";

const condition = (type: string, reason: string, status: Condition["status"] = "True"): Condition => ({
  type,
  status,
  reason,
  message: "",
  lastTransitionTime: "2026-01-01T00:00:00Z",
});
const approved = condition("Approved", "someone");
const denied = condition("Denied", "someone");
const issuedReady = condition("Ready", "Issued");
const pendingReady = condition("Ready", "Pending", "False");
const failedReady = condition("Ready", "Failed", "False");
const failureTime = "2026-01-01T00:00:00Z";
const certificate = Buffer.from("chain").toString("base64");

function request(status: CertificateRequest["status"]): CertificateRequest {
  return {
    apiVersion: "cert-manager.io/v1",
    kind: "CertificateRequest",
    metadata: { namespace: "a", name: "b", uid: "u", resourceVersion: "1", creationTimestamp: failureTime },
    spec: { issuerRef: { name: "i" }, request: "" },
    ...(status && { status }),
  };
}

describe("a status that is correct", () => {
  test.each<[string, CertificateRequest["status"], string]>([
    ["nothing yet", undefined, "waiting"],
    ["approved", { conditions: [approved] }, "waiting"],
    ["pending", { conditions: [approved, pendingReady] }, "waiting"],
    ["issued", { conditions: [approved, issuedReady], certificate }, "issued"],
    ["failed", { conditions: [approved, failedReady], failureTime }, "failed"],
    ["denied", { conditions: [denied, condition("Ready", "Denied", "False")], failureTime }, "failed"],
  ])("is no anomaly: %s", (_, status, outcome) => {
    expect(requestAnomalies(request(status))).toEqual([]);
    expect(requestOutcome(request(status)).status).toBe(outcome);
  });
});

describe("a status that breaks the contract", () => {
  test.each<[string, CertificateRequest["status"], string]>([
    ["failure-time-without-ready", { conditions: [approved], failureTime }, "waiting"],
    ["failed-without-failure-time", { conditions: [approved, failedReady] }, "failed"],
    ["ready-with-unknown-reason", { conditions: [approved, condition("Ready", "Signed")] }, "waiting"],
    ["issued-without-certificate", { conditions: [approved, issuedReady] }, "issued"],
    ["signed-without-approval", { conditions: [issuedReady], certificate }, "issued"],
    ["signed-although-denied", { conditions: [denied, issuedReady], certificate }, "failed"],
  ])("is called %s", (code, status, outcome) => {
    expect(requestAnomalies(request(status))).toEqual([
      { code, namespace: "a", name: "b", message: expect.any(String) },
    ]);
    expect(requestOutcome(request(status)).status).toBe(outcome);
  });

  test("is reported once per request, and again for another request of that name", () => {
    const events = certManagerEmitter();
    const seen: string[] = [];
    events.on("anomaly", ({ code }) => seen.push(code));
    const reporter = new AnomalyReporter(events);
    const object = request({ conditions: [approved, failedReady] });
    const change = { object, previous: undefined, listed: false } as const;
    reporter.observe({ ...change, type: "added" });
    reporter.observe({ ...change, type: "updated" });
    expect(seen).toEqual(["failed-without-failure-time"]);
    reporter.observe({ ...change, type: "deleted" });
    reporter.observe({ ...change, type: "added" });
    expect(seen).toHaveLength(2);
  });
});
