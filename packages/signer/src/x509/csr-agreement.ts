import { InvalidCsrError } from "../errors.ts";
import type { Csr } from "./certification-request.ts";
import { oids } from "./oid.ts";
import { quoteForeign } from "./refusal.ts";
import { type ResolvedUsages, resolveUsages } from "./usages.ts";

/** What the request object asks for beside the CSR: `spec.isCA` and `spec.usages` of a CertificateRequest. */
export interface RequestedProfile {
  readonly isCA: boolean;
  /** cert-manager's words; empty or left out means `digital signature` and `key encipherment`. */
  readonly usages?: readonly string[] | undefined;
  /** What to do with a critical extension that the toolkit does not know: refuse the request (default) or drop it, as cert-manager does. */
  readonly unknownCriticalExtensions?: "refuse" | "drop" | undefined;
}

const knownExtensions: ReadonlySet<string> = new Set([
  oids.subjectAltName,
  oids.keyUsage,
  oids.extendedKeyUsage,
  oids.basicConstraints,
  oids.nameConstraints,
  oids.subjectKeyIdentifier,
]);

/**
 * Checks that the CSR does not ask for something else than the request object, by cert-manager's rule: BasicConstraints
 * in the CSR must say what `isCA` says; where the CSR names key usages or extended key usages, both must equal `usages`,
 * the extended ones in order and as often. Answers the usages to issue. Throws an {@link InvalidCsrError}.
 */
export function assertCsrAgrees(csr: Csr, profile: RequestedProfile): ResolvedUsages {
  const usages = resolveUsages(profile.usages, profile.isCA);
  const asked = csr.basicConstraints?.isCA;
  if (asked !== undefined && asked !== profile.isCA)
    throw disagreement(`its basic constraints say CA:${asked} but the request says isCA: ${profile.isCA}`);
  if (csr.keyUsage !== undefined || csr.extendedKeyUsage !== undefined) {
    compareUsages("key usages", csr.keyUsage ?? [], usages.keyUsage);
    compareUsages("extended key usages", csr.extendedKeyUsage ?? [], usages.requestedExtendedKeyUsage);
  }
  if (csr.nameConstraintsDer !== undefined && !profile.isCA)
    throw disagreement("it asks for name constraints, which only CA certificates have");
  const unknown = csr.extensions.find(({ oid, critical }) => critical && !knownExtensions.has(oid));
  if (unknown !== undefined && profile.unknownCriticalExtensions !== "drop")
    throw disagreement(
      `it asks for the critical extension ${quoteForeign(unknown.oid)}, which would not be issued`,
    );
  return usages;
}

function compareUsages(kind: string, asked: readonly string[], expected: readonly string[]): void {
  if (asked.length === expected.length && asked.every((word, i) => word === expected[i])) return;
  throw disagreement(
    `its ${kind} [${asked.slice(0, 16).join(", ")}] are not those of the request [${expected.join(", ")}]`,
  );
}

function disagreement(problem: string): InvalidCsrError {
  return new InvalidCsrError(`certificate request refused: ${problem}; make the CSR and the request agree`);
}
