import type { SignerCondition, SignRequest, X509 } from "@countersign/issuer-signer";
import type { AdcsOperation } from "./operation.ts";

/** A CA back-dates by minutes; what differs by less is no difference. */
const toleranceSeconds = 900;

/** What the template did otherwise than asked, as a condition of the request; undefined where there is nothing. */
export function policyCondition({ durationSeconds }: SignRequest, leaf: X509): SignerCondition | undefined {
  const seconds = Math.round((leaf.notAfter.getTime() - leaf.notBefore.getTime()) / 1000);
  if (Math.abs(seconds - durationSeconds) <= toleranceSeconds) return undefined;
  return {
    type: "ADCSPolicyApplied",
    status: "True",
    reason: "LifetimeDiffers",
    message: `The CA issued for ${hours(seconds)}, not for ${hours(durationSeconds)}: the template's validity period and the CA's ValidityPeriod decide, not the request. Keep renewBefore below it.`,
  };
}

/** That the request may be at a CA twice; undefined where it was submitted once. */
export function resubmissionCondition(
  { resubmitted }: AdcsOperation,
  correlation: string,
): SignerCondition | undefined {
  if (resubmitted === undefined) return undefined;
  const { reason, requestId } = resubmitted;
  const why =
    reason === "RequestUnknown"
      ? `the CA no longer knew request ${requestId}, as after its database was restored`
      : `request ${requestId} is at another CA than the issuer's now`;
  return {
    type: "ADCSResubmitted",
    status: "True",
    reason,
    message: `Submitted a second time, since ${why}. It may be issued twice: look for ${correlation} at the CA and revoke the other certificate.`,
  };
}

function hours(seconds: number): string {
  return `${(seconds / 3600).toFixed(1).replace(/\.0$/, "")} h`;
}
