import { type KeyAlgorithm, parseGoDuration } from "@countersign/issuer-signer";
import type { PolicySpec } from "./policy-schema.ts";
import type { Subject, SubjectCsr } from "./subject.ts";
import { type Violation, violation } from "./violation.ts";

/** Every constraint that the request does not keep; what is left out of a policy constrains nothing. */
export function constraintViolations(
  constraints: NonNullable<PolicySpec["constraints"]>,
  subject: Subject,
  csr: SubjectCsr,
): Violation[] {
  const path = "spec.constraints";
  const { maxDuration, minDuration, privateKey } = constraints;
  const { durationSeconds: asked } = subject;
  const got = asked === undefined ? [] : `${asked}s`;
  const found: Violation[] = [];
  // A request that leaves the duration to the issuer keeps neither bound: nobody knows what it will get.
  if (maxDuration !== undefined && !(asked !== undefined && asked <= secondsOf(maxDuration)))
    found.push(violation(`${path}.maxDuration`, `a duration of at most ${maxDuration}`, got));
  if (minDuration !== undefined && !(asked !== undefined && asked >= secondsOf(minDuration)))
    found.push(violation(`${path}.minDuration`, `a duration of at least ${minDuration}`, got));
  if (privateKey === undefined) return found;
  const { algorithm, size } = keyOf(csr.parsed.keyAlgorithm);
  const { minSize, maxSize } = privateKey;
  if (privateKey.algorithm !== undefined && privateKey.algorithm !== algorithm)
    found.push(violation(`${path}.privateKey.algorithm`, privateKey.algorithm, algorithm));
  if (maxSize !== undefined && size > maxSize)
    found.push(violation(`${path}.privateKey.maxSize`, `at most ${maxSize} bits`, `${size}`));
  if (minSize !== undefined && size < minSize)
    found.push(violation(`${path}.privateKey.minSize`, `at least ${minSize} bits`, `${size}`));
  return found;
}

/** An Ed25519 key has the size -1, as in approver-policy: a minimum without algorithm shuts it out. */
function keyOf(key: KeyAlgorithm): { readonly algorithm: string; readonly size: number } {
  switch (key.name) {
    case "RSA":
    case "RSA-PSS":
      return { algorithm: key.name, size: key.modulusLength };
    case "EC":
      return { algorithm: "ECDSA", size: Number(key.curve.slice(2)) };
    case "Ed25519":
      return { algorithm: "Ed25519", size: -1 };
  }
}

function secondsOf(duration: string): number {
  return parseGoDuration(duration) ?? Number.NaN;
}
