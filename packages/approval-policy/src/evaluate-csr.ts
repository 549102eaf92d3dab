import { assertCsrAgrees, InvalidCsrError } from "@countersign/issuer-signer";
import type { PolicyAdditions } from "./additions.ts";
import type { Subject, SubjectCsr } from "./subject.ts";
import { type Violation, violation } from "./violation.ts";

/** Extensions that a field of the policy, `spec.usages` or `spec.isCA` decides on, and the identifier of the key. */
const decidedExtensions: ReadonlySet<string> = new Set([
  "2.5.29.14",
  "2.5.29.15",
  "2.5.29.17",
  "2.5.29.19",
  "2.5.29.30",
  "2.5.29.37",
]);

/**
 * What stands in the CSR, would be seen by the PKI, and is decided on by no field of the policy: usages and CA flag that
 * are not the request's, other extensions, other PKCS#10 attributes. A PKI that copies from the CSR would issue them.
 */
export function csrViolations(
  subject: Subject,
  csr: SubjectCsr,
  { csr: admitted }: PolicyAdditions,
): Violation[] {
  const found: Violation[] = [];
  try {
    assertCsrAgrees(csr.parsed, {
      isCA: subject.isCA,
      usages: subject.usages,
      unknownCriticalExtensions: "drop",
    });
  } catch (error) {
    if (!(error instanceof InvalidCsrError)) throw error;
    found.push(violation("request", "what the request object says", error.message));
  }
  for (const { oid } of csr.parsed.extensions)
    if (!decidedExtensions.has(oid) && !admitted.extensions.includes(oid))
      found.push(violation("request.extensions", "only extensions that the policy knows", oid));
  for (const oid of csr.attributes)
    if (!admitted.attributes.includes(oid))
      found.push(violation("request.attributes", "only attributes that the policy knows", oid));
  return found;
}
