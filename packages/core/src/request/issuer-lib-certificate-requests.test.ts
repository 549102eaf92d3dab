import { PermanentError, pending } from "@countersign/issuer-signer";
import { describe, expect, test } from "vitest";
import {
  attempt,
  early,
  expectCase,
  late,
  operation,
  queued,
  type RequestCase,
} from "./issuer-lib-case-fixture.ts";
import { ca, certificateRequest } from "./issuer-lib-fixture.ts";
import { approved, condition, issuerWith } from "./request-fixtures.ts";

const denied = condition("Denied", "True");
const issued = {
  conditions: [{ type: "Ready", status: "True", reason: "Issued" }],
  certificate: expect.any(String),
  ca: Buffer.from(ca.certificate.pem).toString("base64"),
};
const failed = (message: string, lastTransitionTime = late) => ({
  type: "Ready",
  status: "False",
  reason: "Failed",
  message: `Failed permanently to sign CertificateRequest: ${message}`,
  lastTransitionTime,
});
const waiting = (message: string) => ({ type: "Ready", status: "False", reason: "Pending", message });

const cases: readonly RequestCase[] = [
  { name: "ignore-certificaterequest-not-found", object: undefined },
  { name: "ignore-unless-approved-or-denied", object: certificateRequest([]) },
  {
    name: "issuer-ref-unknown-group",
    object: certificateRequest([approved], { group: "other.example.com" }),
  },
  { name: "issuer-ref-unknown-kind", object: certificateRequest([approved], { kind: "Other" }) },
  { name: "already-ready", object: certificateRequest([approved, condition("Ready", "True", "Issued")]) },
  { name: "already-failed", object: certificateRequest([approved, condition("Ready", "False", "Failed")]) },
  { name: "already-denied", object: certificateRequest([denied, condition("Ready", "False", "Denied")]) },
  {
    // No Initializing: it says nothing that a user needs, and costs each request a write.
    name: "initialize-ready-condition",
    answers: ["chain"],
    written: issued,
    event: "Normal Issued Succeeded signing the CertificateRequest",
  },
  {
    name: "set-ready-denied",
    object: certificateRequest([approved, denied]),
    written: {
      conditions: [
        {
          type: "Ready",
          status: "False",
          reason: "Denied",
          message: "Detected that the CertificateRequest is denied, so it will never be Ready.",
        },
      ],
      failureTime: early,
    },
    event:
      "Warning PermanentError Detected that the CertificateRequest is denied, so it will never be Ready.",
  },
  {
    name: "set-ready-pending-missing-issuer",
    issuer: null,
    written: {
      conditions: [waiting('AcmeIssuer.pki.example.com "acme" not found. Waiting for it to be created.')],
    },
    event:
      'Normal WaitingForIssuerExist AcmeIssuer.pki.example.com "acme" not found. Waiting for it to be created.',
  },
  {
    name: "set-ready-pending-issuer-has-no-ready-condition",
    issuer: issuerWith([]),
    written: {
      conditions: [waiting("Waiting for issuer to become ready. Current issuer ready condition: <none>.")],
    },
    event:
      "Normal WaitingForIssuerReady Waiting for issuer to become ready. Current issuer ready condition: <none>.",
  },
  {
    name: "set-ready-pending-issuer-is-not-ready",
    issuer: issuerWith([{ ...condition("Ready", "False", "[REASON]", "[MESSAGE]"), observedGeneration: 2 }]),
    written: {
      conditions: [
        waiting(
          'Waiting for issuer to become ready. Current issuer ready condition is "[REASON]": [MESSAGE].',
        ),
      ],
    },
    event:
      'Normal WaitingForIssuerReady Waiting for issuer to become ready. Current issuer ready condition is "[REASON]": [MESSAGE].',
  },
  {
    name: "set-ready-pending-issuer-ready-outdated",
    issuer: issuerWith([{ ...condition("Ready", "True", "Checked"), observedGeneration: 1 }]),
    written: {
      conditions: [
        waiting("Waiting for issuer to become ready. Current issuer ready condition is outdated."),
      ],
    },
    event:
      "Normal WaitingForIssuerReady Waiting for issuer to become ready. Current issuer ready condition is outdated.",
  },
  {
    // The deadline counts from the first attempt: what waited for its approval has lost nothing of it.
    name: "timeout-permanent-error",
    answers: [new Error("still down"), new Error("down for good")],
    written: { conditions: [failed("down for good", early)], failureTime: late },
    event: "Warning PermanentError Failed permanently to sign CertificateRequest: down for good",
  },
  {
    // Looked at after 10 s rather than 1 s, with a Normal event: to wait is no fault, and a write each second is a burden.
    name: "retry-on-pending-error",
    answers: [new Error("still down"), pending({ operation })],
    written: {
      conditions: [
        waiting("Signing still in progress. The PKI has not issued the certificate yet."),
        attempt,
      ],
    },
    event: "Normal Pending Signing still in progress. The PKI has not issued the certificate yet.",
    next: { kind: "again", afterMs: 10_000 },
  },
  {
    name: "retry-on-pending-error-custom",
    answers: [
      new Error("still down"),
      pending({ operation, retryAfterMs: 5_000, message: "A person decides." }),
    ],
    written: { conditions: [waiting("Signing still in progress. A person decides."), attempt] },
    event: "Normal Pending Signing still in progress. A person decides.",
    next: { kind: "again", afterMs: 5_000 },
  },
  // A signer's conditions come with an outcome, not with an error, and stay until an outcome changes them.
  {
    name: "error-set-certificate-request-condition-should-add-new-condition-and-retry",
    answers: [pending({ operation, conditions: [queued(1)] })],
    written: {
      conditions: [waiting(expect.any(String)), { ...queued(1), lastTransitionTime: early }, attempt],
    },
    event: "Normal Pending Signing still in progress. The PKI has not issued the certificate yet.",
    // There is nothing to keep from a second call: our own conditions do not wake us.
    next: { kind: "again", afterMs: 10_000 },
  },
  {
    name: "error-set-certificate-request-condition-should-update-existing-condition-and-retry",
    answers: [
      pending({ operation, conditions: [queued(2)] }),
      pending({ operation, conditions: [queued(1)] }),
    ],
    written: {
      conditions: [waiting(expect.any(String)), { ...queued(1), lastTransitionTime: early }, attempt],
    },
    event: "Normal Pending Signing still in progress. The PKI has not issued the certificate yet.",
    next: { kind: "again", afterMs: 10_000 },
  },
  {
    name: "error-set-certificate-request-condition-should-add-new-condition-and-timeout",
    answers: [pending({ operation, conditions: [queued(1)] }), new Error("down"), new Error("down for good")],
    written: {
      conditions: [failed("down for good", early), { ...queued(1), lastTransitionTime: early }],
      failureTime: "2026-05-01T12:04:00Z",
    },
    event: "Warning PermanentError Failed permanently to sign CertificateRequest: down for good",
  },
  {
    name: "error-set-certificate-request-condition-should-update-existing-condition-and-timeout",
    answers: [
      pending({ operation, conditions: [queued(2)] }),
      pending({ operation, conditions: [queued(1)] }),
      new Error("down"),
      new Error("down for good"),
    ],
    written: {
      conditions: [failed("down for good", early), { ...queued(1), lastTransitionTime: early }],
      failureTime: "2026-05-01T12:06:00Z",
    },
    event: "Warning PermanentError Failed permanently to sign CertificateRequest: down for good",
  },
  {
    name: "error-set-certificate-request-condition-should-not-timeout-if-pending",
    answers: [new Error("still down"), pending({ operation, conditions: [queued(1)] })],
    written: {
      conditions: [waiting(expect.any(String)), { ...queued(1), lastTransitionTime: late }, attempt],
    },
    event: "Normal Pending Signing still in progress. The PKI has not issued the certificate yet.",
    next: { kind: "again", afterMs: 10_000 },
  },
  {
    name: "error-set-certificate-request-condition-should-not-retry-on-permanent-error",
    answers: [pending({ operation, conditions: [queued(1)] }), new PermanentError("no")],
    written: {
      conditions: [failed("no", early), { ...queued(1), lastTransitionTime: early }],
      failureTime: late,
    },
    event: "Warning PermanentError Failed permanently to sign CertificateRequest: no",
  },
  {
    name: "fail-on-permanent-error",
    answers: [new PermanentError("no such profile")],
    written: { conditions: [failed("no such profile", early)], failureTime: early },
    event: "Warning PermanentError Failed permanently to sign CertificateRequest: no such profile",
  },
  {
    name: "retry-on-error",
    answers: [new Error("connection reset")],
    written: {
      conditions: [waiting("Failed to sign CertificateRequest, will retry: connection reset"), attempt],
    },
    event: "Warning RetryableError Failed to sign CertificateRequest, will retry: connection reset",
    next: { kind: "again", afterMs: expect.any(Number) },
  },
  {
    name: "success-issuer",
    answers: ["chain"],
    written: issued,
    event: "Normal Issued Succeeded signing the CertificateRequest",
  },
  {
    name: "success-clusterissuer",
    object: certificateRequest([approved], { kind: "AcmeClusterIssuer" }),
    answers: ["chain"],
    written: issued,
    event: "Normal Issued Succeeded signing the CertificateRequest",
  },
];

/** Its unit table for CertificateRequests, against the reconciler with a real signing request and a scripted signer. */
describe("issuer-lib: TestCertificateRequestReconcilerReconcile", () => {
  test.each(cases.map((row) => [row.name, row] as const))("%s", (_, row) =>
    expectCase(row, certificateRequest([approved])),
  );
});
