import {
  type CertificateCache,
  type Issued,
  type SignRequest,
  verifyIssued,
  type X509,
} from "@countersign/issuer-signer";
import type { SignResult } from "./conclude.ts";

/** A certificate that may reach the cluster. */
export interface VerifiedOutcome {
  readonly result: SignResult & { readonly status: "issued" };
  /** Hexadecimal, lower case. */
  readonly serial: string;
  /** In milliseconds since the epoch. */
  readonly notAfterMs: number;
  /** Of the CA of the chain that ends first, in milliseconds since the epoch; undefined for a lone leaf. */
  readonly caNotAfterMs: number | undefined;
  readonly mismatches: readonly string[];
}

/** What {@link verifyOutcome} needs. */
export interface VerifyOutcomeInput {
  readonly outcome: Issued;
  readonly request: SignRequest;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly rules: CertificateRules;
  /** The certificate was issued for an earlier request, on purpose. */
  readonly mayBeOld?: boolean | undefined;
  /** CA certificates that the same PKI has answered with before. */
  readonly cache?: CertificateCache | undefined;
}

/** What the operator lets pass. */
export interface CertificateRules {
  /** Whether the CA is published in `status.ca`. */
  readonly publishCa: boolean;
  /** What to do with names and powers that nobody asked for. */
  readonly excess: "refuse" | "warn";
  /** How long before the approval of a request its certificate may begin, in milliseconds: CAs back-date. */
  readonly maxBackdateMs: number;
}

/**
 * Stands between the PKI and the cluster. Another key, a broken chain, an expired or an old certificate, or one that is
 * more than was asked for never reaches a status; whatever else the PKI changed, as its profiles may, is named.
 *
 * @throws BadCertificateError
 */
export function verifyOutcome(input: VerifyOutcomeInput): VerifiedOutcome {
  const { outcome, request, now, rules, mayBeOld = false, cache } = input;
  const { chain, leaf, caPem, mismatches } = verifyIssued({
    csr: request.parsedCsr,
    chain: outcome.chain,
    ca: outcome.ca,
    now: new Date(now),
    isCA: request.isCA,
    usages: request.usages,
    durationSeconds: request.durationSeconds,
    earliest: mayBeOld ? undefined : new Date(request.approvedAt * 1000 - rules.maxBackdateMs),
    excess: rules.excess,
    cache,
  });
  const texts = mismatches.map(
    ({ field, requested, issued }) =>
      `${field}: requested ${requested || "none"}, issued ${issued || "none"}`,
  );
  if (isDueForRenewal(leaf, now)) {
    texts.push("validity: two thirds of it are over already, so cert-manager renews it at once");
  }
  const cas = [...chain.chain.slice(1), ...(chain.ca === undefined ? [] : [chain.ca])];
  return {
    result: {
      status: "issued",
      chain,
      ca: rules.publishCa ? caPem : undefined,
      conditions: outcome.conditions,
      mismatches: texts,
    },
    serial: leaf.serialHex,
    notAfterMs: leaf.notAfter.getTime(),
    caNotAfterMs: cas.length === 0 ? undefined : Math.min(...cas.map(({ notAfter }) => notAfter.getTime())),
    mismatches: texts,
  };
}

/** As cert-manager decides where the Certificate says nothing else. */
function isDueForRenewal({ notBefore, notAfter }: X509, now: number): boolean {
  return now > notBefore.getTime() + ((notAfter.getTime() - notBefore.getTime()) * 2) / 3;
}
