import type { Certificate, CertificateStatus } from "./certificate.ts";
import { isTrue, kubeTime, withCondition } from "./condition.ts";
import { renewalDue } from "./issuance-reason.ts";
import type { IssuanceReason, StoredKeyPair } from "./stored-key-pair.ts";

/** What is known of a Certificate's Secret at one moment. */
export interface SecretState {
  /** Undefined when the Secret holds no certificate that can be used. */
  readonly pair: StoredKeyPair | undefined;
  /** Why the Secret is not what the spec asks for; undefined when it is. */
  readonly problem: IssuanceReason | undefined;
}

/** The status with `Ready` and the times of the stored certificate. A certificate that is due for renewal is still Ready. */
export function withReadiness(certificate: Certificate, state: SecretState, now: number): CertificateStatus {
  const { pair, problem } = state;
  const { notBefore: _b, notAfter: _a, renewalTime: _r, ...rest } = certificate.status ?? {};
  const expired = pair !== undefined && pair.leaf.validToDate.getTime() <= now;
  const verdict = problem ?? (expired ? expiredReason(pair) : undefined);
  const conditions = withCondition(
    rest.conditions,
    {
      type: "Ready",
      status: verdict === undefined ? "True" : "False",
      reason: verdict?.reason ?? "Ready",
      message: verdict?.message ?? "Certificate is up to date and has not expired",
      ...observed(certificate),
    },
    now,
  );
  if (pair === undefined) return { ...rest, conditions };
  return {
    ...rest,
    conditions,
    notBefore: kubeTime(pair.leaf.validFromDate.getTime()),
    notAfter: kubeTime(pair.leaf.validToDate.getTime()),
    renewalTime: kubeTime(renewalDue(certificate, pair)),
  };
}

function expiredReason(pair: StoredKeyPair): IssuanceReason {
  return { reason: "Expired", message: `Certificate expired on ${pair.leaf.validTo}` };
}

function observed({ metadata }: Certificate) {
  return metadata.generation === undefined ? {} : { observedGeneration: metadata.generation };
}

/** The status of a Certificate whose issuance begins. */
export function withIssuing(certificate: Certificate, why: IssuanceReason, now: number): CertificateStatus {
  const { status } = certificate;
  const wanted = { type: "Issuing", status: "True", ...why, ...observed(certificate) } as const;
  return { ...status, conditions: withCondition(status?.conditions, wanted, now) };
}

/** The status of a Certificate whose issuance has failed: the next one waits for the back-off. */
export function withFailure(certificate: Certificate, why: IssuanceReason, now: number): CertificateStatus {
  const { nextPrivateKeySecretName: _, ...rest } = certificate.status ?? {};
  const message = `The certificate request has failed to complete and will be retried: ${why.message}`;
  const wanted = {
    type: "Issuing",
    status: "False",
    reason: why.reason,
    message,
    ...observed(certificate),
  } as const;
  return {
    ...rest,
    conditions: withCondition(rest.conditions, wanted, now),
    lastFailureTime: kubeTime(now),
    failedIssuanceAttempts: (rest.failedIssuanceAttempts ?? 0) + 1,
  };
}

/** The status of a Certificate whose issuance has succeeded: `Issuing` goes, and with it the record of failures. */
export function withSuccess(certificate: Certificate, revision: number): CertificateStatus {
  const {
    nextPrivateKeySecretName: _n,
    lastFailureTime: _t,
    failedIssuanceAttempts: _a,
    ...rest
  } = certificate.status ?? {};
  return { ...rest, revision, conditions: (rest.conditions ?? []).filter(({ type }) => type !== "Issuing") };
}

/** Whether an issuance is under way. */
export function isIssuing({ status }: Certificate): boolean {
  return isTrue(status?.conditions, "Issuing");
}
