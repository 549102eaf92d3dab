import type { SignerCondition, SignRequest, X509 } from "@countersign/issuer-signer";
import type { EnrolmentCalls } from "./enrolment-calls.ts";
import { features, isAtLeast, type ServerVersion } from "./server-version.ts";

const subjectAltName = "2.5.29.17";
/** EJBCA cuts a second from lifetimes; what differs by less is no difference. */
const toleranceSeconds = 60;

/**
 * What EJBCA did otherwise than asked without a word, as a condition of the request; undefined where there is nothing. The SDK
 * itself warns with an event of what it can see in the certificate.
 */
export function policyCondition(
  request: SignRequest,
  leaf: X509,
  calls: Pick<EnrolmentCalls, "asksForDuration" | "hasEndEntityData">,
  version: ServerVersion | undefined,
): SignerCondition | undefined {
  const name = version === undefined ? "EJBCA" : `EJBCA ${version.text}`;
  const changes = [
    lifetime(request, leaf, name, calls.asksForDuration(version)),
    namesNotCritical(leaf),
    calls.hasEndEntityData && !isAtLeast(version, ...features.endEntityData)
      ? {
          reason: "DataDropped",
          message: `${name} does not know extensionData and customData, and drops them in silence.`,
        }
      : undefined,
  ].filter((change) => change !== undefined);
  const [first] = changes;
  if (first === undefined) return undefined;
  return {
    type: "EJBCAPolicyApplied",
    status: "True",
    reason: changes.length > 1 ? "RequestChanged" : first.reason,
    message: changes.map(({ message }) => message).join(" "),
  };
}

/** RFC 5280 §4.2.1.6: without a subject the names must be critical. The certificate profile decides, and its default is not. */
function namesNotCritical({ subject, extensions }: X509) {
  const names = extensions.find(({ oid }) => oid === subjectAltName);
  if (subject !== "" || names === undefined || names.critical) return undefined;
  return {
    reason: "NamesNotCritical",
    message:
      "EJBCA issued names that are not critical without a subject, which strict clients refuse: make Subject Alternative Name critical in the certificate profile, or set a commonName.",
  };
}

function lifetime({ durationSeconds }: SignRequest, leaf: X509, name: string, wasAsked: boolean) {
  const seconds = Math.round((leaf.notAfter.getTime() - leaf.notBefore.getTime()) / 1000);
  if (Math.abs(seconds - durationSeconds) <= toleranceSeconds) return undefined;
  const why = wasAsked
    ? "the certificate profile lacks Allow Validity Override, allows less, or the CA ends earlier"
    : "it takes the lifetime from the certificate profile, since no request can ask for one before 9.3.3, by an existing end entity, or with requestDuration: false";
  return {
    reason: "LifetimeDiffers",
    message: `${name} issued for ${hours(seconds)}, not for ${hours(durationSeconds)}: ${why}. Keep renewBefore below it.`,
  };
}

function hours(seconds: number): string {
  return `${(seconds / 3600).toFixed(1).replace(/\.0$/, "")} h`;
}
