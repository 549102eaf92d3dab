import type { CertificateRequest } from "@countersign/issuer-core";
import { findCondition, isTrue } from "./condition.ts";

/** What a CertificateRequest means for the Certificate that owns it. */
export type RequestOutcome =
  | { readonly status: "waiting" }
  | { readonly status: "failed"; readonly reason: string; readonly message: string }
  | { readonly status: "issued"; readonly certificatePem: string; readonly caPem: string | undefined };

const waiting: RequestOutcome = Object.freeze({ status: "waiting" });

/**
 * Reads a request as cert-manager's issuing controller does. Denied and InvalidRequest win over everything, so a denied
 * request that was signed all the same still fails; of `Ready` only the reason counts, and any reason but Issued and
 * Failed waits for ever.
 */
export function requestOutcome(request: CertificateRequest): RequestOutcome {
  const { conditions, certificate, ca } = request.status ?? {};
  for (const type of ["Denied", "InvalidRequest"]) {
    const condition = findCondition(conditions, type);
    if (condition?.status === "True")
      return { status: "failed", reason: condition.reason, message: condition.message };
  }
  const ready = findCondition(conditions, "Ready");
  if (ready?.reason === "Failed") return { status: "failed", reason: ready.reason, message: ready.message };
  if (ready?.reason !== "Issued") return waiting;
  return { status: "issued", certificatePem: decode(certificate) ?? "", caPem: decode(ca) };
}

function decode(base64: string | undefined): string | undefined {
  return base64 === undefined || base64 === "" ? undefined : Buffer.from(base64, "base64").toString("utf8");
}

/**
 * Whether a request of an earlier try makes way for a new one: it failed before this issuance began. A Failed request
 * without `failureTime` never does, which is the defect that keeps a Certificate with a reused key failing for ever.
 */
export function isSuperseded(request: CertificateRequest, issuingSince: string): boolean {
  const failureTime = request.status?.failureTime;
  const ready = findCondition(request.status?.conditions, "Ready");
  return (
    ready?.status === "False" &&
    failureTime !== undefined &&
    Date.parse(failureTime) < Date.parse(issuingSince)
  );
}

/** Whether somebody has decided about the request. */
export function isDecided(request: CertificateRequest): boolean {
  return isTrue(request.status?.conditions, "Approved") || isTrue(request.status?.conditions, "Denied");
}
