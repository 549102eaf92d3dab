import {
  assertCsrAgrees,
  defaultUsages,
  PermanentError,
  parseCsr,
  parseGoDuration,
  type SignRequest,
} from "@countersign/issuer-signer";
import type { CertificateRequest } from "../kube/types.ts";
import { findCondition } from "./condition.ts";
import { requesterOf } from "./request-step.ts";
import { durationAnnotation } from "./signing-request-view.ts";

/** cert-manager's lifetime for requests that name none: 90 days, in seconds. */
export const defaultDurationSeconds = 90 * 24 * 3600;

/** Of a CertificateSigningRequest by annotation, in seconds: as the API server has it for `expirationSeconds`. */
const leastSigningRequestSeconds = 600;

function durationSeconds({ kind, spec: { duration } }: CertificateRequest): number {
  if (duration === undefined) return defaultDurationSeconds;
  const seconds = parseGoDuration(duration);
  const { field, least } =
    kind === "CertificateSigningRequest"
      ? { field: `the annotation ${durationAnnotation}`, least: leastSigningRequestSeconds }
      : { field: "spec.duration", least: 0 };
  if (seconds === undefined || seconds <= 0) {
    throw new PermanentError(`${field} is not a positive Go duration such as 2160h. Create a new request.`);
  }
  if (seconds < least) {
    throw new PermanentError(`${field} is less than ${least} s. Create a new request.`);
  }
  return seconds;
}

/**
 * Reads what a CertificateRequest asks for.
 *
 * @throws InvalidCsrError when the CSR is unacceptable; PermanentError when the spec is.
 */
export function toSignRequest(object: CertificateRequest): SignRequest {
  const { metadata, spec, status } = object;
  // As text, since the contract is PEM: bytes would be taken as DER too.
  const csr = parseCsr(Buffer.from(spec.request, "base64").toString("latin1"));
  const isCA = spec.isCA === true;
  const usages = spec.usages === undefined || spec.usages.length === 0 ? defaultUsages : spec.usages;
  assertCsrAgrees(csr, { isCA, usages });
  const approved = findCondition(status?.conditions, "Approved");
  return {
    uid: metadata.uid,
    kind: object.kind === "CertificateSigningRequest" ? object.kind : "CertificateRequest",
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    csr: csr.pem,
    parsedCsr: csr,
    durationSeconds: durationSeconds(object),
    isCA,
    usages: isCA && !usages.includes("cert sign") ? [...usages, "cert sign"] : usages,
    annotations: metadata.annotations ?? {},
    labels: metadata.labels ?? {},
    requester: requesterOf(spec),
    approvedAt: Date.parse(approved?.lastTransitionTime ?? metadata.creationTimestamp) / 1000,
  };
}
