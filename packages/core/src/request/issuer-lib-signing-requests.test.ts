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
import { signingRequest } from "./issuer-lib-fixture.ts";
import { condition, group, issuerWith } from "./request-fixtures.ts";

const approved = { conditions: [condition("Approved", "True")] };
const failed = (message: string, at = late) => ({
  type: "Failed",
  status: "True",
  reason: "Failed",
  message: `CertificateSigningRequest has failed permanently: ${message}`,
  lastUpdateTime: at,
  lastTransitionTime: at,
});
const permanently = "Warning PermanentError Failed permanently to sign CertificateSigningRequest:";
const progress = "Normal Pending Signing still in progress. The PKI has not issued the certificate yet.";
const closed = { type: `${group}/Attempt`, status: "False", reason: "Finished" };
const issued = { certificate: expect.any(String), conditions: [] };

const cases: readonly RequestCase[] = [
  { name: "ignore-certificatesigningrequest-not-found", object: undefined },
  { name: "ignore-unless-approved-or-denied", object: signingRequest(undefined) },
  { name: "issuer-ref-unknown-group", object: signingRequest(approved, "acmeclusterissuers.example.org/a") },
  { name: "issuer-ref-unknown-kind", object: signingRequest(approved, `others.${group}/acme`) },
  { name: "already-ready", object: signingRequest({ ...approved, certificate: "Q0VSVA==" }) },
  {
    name: "already-failed",
    object: signingRequest({ conditions: [...approved.conditions, condition("Failed", "True")] }),
  },
  { name: "already-denied", object: signingRequest({ conditions: [condition("Denied", "True")] }) },
  // What waits has no condition there: the event says it, and no empty patch is sent to write nothing.
  {
    name: "set-ready-pending-missing-issuer",
    issuer: null,
    event:
      'Normal WaitingForIssuerExist AcmeClusterIssuer.pki.example.com "acme" not found. Waiting for it to be created.',
  },
  {
    name: "set-ready-pending-issuer-has-no-ready-condition",
    issuer: issuerWith([]),
    event:
      "Normal WaitingForIssuerReady Waiting for issuer to become ready. Current issuer ready condition: <none>.",
  },
  {
    name: "set-ready-pending-issuer-is-not-ready",
    issuer: issuerWith([{ ...condition("Ready", "False", "[REASON]", "[MESSAGE]"), observedGeneration: 2 }]),
    event:
      'Normal WaitingForIssuerReady Waiting for issuer to become ready. Current issuer ready condition is "[REASON]": [MESSAGE].',
  },
  {
    name: "set-ready-pending-issuer-ready-outdated",
    issuer: issuerWith([{ ...condition("Ready", "True", "Checked"), observedGeneration: 1 }]),
    event:
      "Normal WaitingForIssuerReady Waiting for issuer to become ready. Current issuer ready condition is outdated.",
  },
  {
    // The deadline counts from the first attempt: what waited for its approval has lost nothing of it.
    name: "timeout-permanent-error",
    answers: [new Error("still down"), new Error("down for good")],
    written: { conditions: [failed("down for good"), closed] },
    event: `${permanently} down for good`,
  },
  {
    // Looked at after 10 s rather than 1 s, with a Normal event: to wait is no fault. The operation is kept.
    name: "retry-on-pending-error",
    answers: [new Error("still down"), pending({ operation })],
    written: { conditions: [attempt] },
    event: progress,
    next: { kind: "again", afterMs: 10_000 },
  },
  {
    name: "retry-on-pending-error-custom",
    answers: [
      new Error("still down"),
      pending({ operation, retryAfterMs: 5_000, message: "A person decides." }),
    ],
    written: { conditions: [attempt] },
    event: "Normal Pending Signing still in progress. A person decides.",
    next: { kind: "again", afterMs: 5_000 },
  },
  // A signer's conditions come with an outcome, not with an error, and stay until an outcome changes them.
  {
    name: "error-set-certificate-request-condition-should-add-new-condition-and-retry",
    answers: [pending({ operation, conditions: [queued(1)] })],
    written: { conditions: [{ ...queued(1), lastTransitionTime: early }, attempt] },
    event: progress,
    // There is nothing to keep from a second call: our own conditions do not wake us.
    next: { kind: "again", afterMs: 10_000 },
  },
  {
    name: "error-set-certificate-request-condition-should-update-existing-condition-and-retry",
    answers: [
      pending({ operation, conditions: [queued(2)] }),
      pending({ operation, conditions: [queued(1)] }),
    ],
    written: { conditions: [{ ...queued(1), lastTransitionTime: early }, attempt] },
    event: progress,
    next: { kind: "again", afterMs: 10_000 },
  },
  {
    name: "error-set-certificate-request-condition-should-add-new-condition-and-timeout",
    answers: [pending({ operation, conditions: [queued(1)] }), new Error("down"), new Error("down for good")],
    written: {
      conditions: [
        failed("down for good", "2026-05-01T12:04:00Z"),
        { ...queued(1), lastTransitionTime: early },
        closed,
      ],
    },
    event: `${permanently} down for good`,
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
      conditions: [
        failed("down for good", "2026-05-01T12:06:00Z"),
        { ...queued(1), lastTransitionTime: early },
        closed,
      ],
    },
    event: `${permanently} down for good`,
  },
  {
    name: "error-set-certificate-request-condition-should-not-timeout-if-pending",
    answers: [new Error("still down"), pending({ operation, conditions: [queued(1)] })],
    written: { conditions: [{ ...queued(1), lastTransitionTime: late }, attempt] },
    event: progress,
    next: { kind: "again", afterMs: 10_000 },
  },
  {
    name: "error-set-certificate-request-condition-should-not-retry-on-permanent-error",
    answers: [pending({ operation, conditions: [queued(1)] }), new PermanentError("no")],
    written: { conditions: [failed("no"), { ...queued(1), lastTransitionTime: early }, closed] },
    event: `${permanently} no`,
  },
  {
    name: "fail-on-permanent-error",
    answers: [new PermanentError("no such profile")],
    written: { conditions: [failed("no such profile", early)] },
    event: `${permanently} no such profile`,
  },
  {
    // The record of since when it is tried, which a restart must find.
    name: "retry-on-error",
    answers: [new Error("connection reset")],
    written: { conditions: [attempt] },
    event: "Warning RetryableError Failed to sign CertificateSigningRequest, will retry: connection reset",
    next: { kind: "again", afterMs: expect.any(Number) },
  },
  {
    // Namespaced signers are served, as cert-manager serves its own: who may reference them is asked first.
    name: "success-issuer",
    object: signingRequest(approved, `acmeissuers.${group}/team.acme`),
    answers: ["chain"],
    written: issued,
    event: "Normal Issued Succeeded signing the CertificateSigningRequest",
  },
  {
    name: "success-clusterissuer",
    answers: ["chain"],
    written: issued,
    event: "Normal Issued Succeeded signing the CertificateSigningRequest",
  },
];

/** Its unit table for CertificateSigningRequests, against the reconciler with a real signing request and a scripted signer. */
describe("issuer-lib: TestCertificateSigningRequestReconcilerReconcile", () => {
  test.each(cases.map((row) => [row.name, row] as const))("%s", (_, row) =>
    expectCase(row, signingRequest(approved)),
  );
});
