import type { SignerCondition, SignRequest, X509 } from "@countersign/issuer-signer";

/** Vault rounds to seconds and back-dates the beginning; what differs by less is no shortening. */
const toleranceSeconds = 60;

/**
 * What Vault changed without refusing, as a condition of the request: it answers 200 with texts in `warnings`, or with
 * none at all. Judged by the certificate, not by those texts.
 */
export function policyCondition(request: SignRequest, leaf: X509): SignerCondition | undefined {
  const changes = [shortened(request, leaf), droppedSubject(request, leaf)].filter(
    (change) => change !== undefined,
  );
  if (changes.length === 0) return undefined;
  return {
    type: "VaultPolicyApplied",
    status: "True",
    reason: changes.length > 1 ? "RequestChanged" : (changes[0]?.reason ?? "RequestChanged"),
    message: changes.map(({ message }) => message).join(" "),
  };
}

interface Change {
  readonly reason: string;
  readonly message: string;
}

function shortened({ durationSeconds }: SignRequest, leaf: X509): Change | undefined {
  const seconds = Math.round((leaf.notAfter.getTime() - leaf.notBefore.getTime()) / 1000);
  if (seconds >= durationSeconds - toleranceSeconds) return undefined;
  return {
    reason: "LifetimeShortened",
    message: `Vault shortened the lifetime from ${hours(durationSeconds)} to ${hours(seconds)}: raise max_ttl of the role and of the mount, or ask for less, and keep renewBefore below it.`,
  };
}

/** A role puts its own organisation and so on in the place of the CSR's. */
function droppedSubject({ parsedCsr: { subject } }: SignRequest, leaf: X509): Change | undefined {
  const left = attributes(leaf.subject);
  const dropped = attributes(subject).filter((attribute) => !left.includes(attribute));
  if (dropped.length === 0) return undefined;
  const names = [...new Set(dropped.map((attribute) => attribute.split("=")[0] ?? ""))];
  return {
    reason: "SubjectChanged",
    message: `Vault took the subject's ${names.join(", ")} from the role and not from the request: set them on the role, or use sign-verbatim.`,
  };
}

/** RFC 4514 §2.1 and §2.2: attributes are parted by commas and plus signs that no backslash escapes. */
function attributes(subject: string): readonly string[] {
  return subject.split(/(?<!\\)[,+]\s*/).filter((attribute) => attribute !== "");
}

function hours(seconds: number): string {
  return `${(seconds / 3600).toFixed(1).replace(/\.0$/, "")} h`;
}
