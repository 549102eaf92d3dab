import { BadCertificateError, type Issued, type SignRequest, verifyIssued } from "@countersign/issuer-signer";
import type { SignResult } from "./conclude.ts";

/** A certificate that may reach the cluster. */
export interface VerifiedOutcome {
  readonly result: SignResult & { readonly status: "issued" };
  /** Hexadecimal, lower case. */
  readonly serial: string;
  readonly mismatches: readonly string[];
}

/** What {@link verifyOutcome} needs. */
export interface VerifyOutcomeInput {
  readonly outcome: Issued;
  readonly request: SignRequest;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly publishCa: boolean;
}

/**
 * Stands between the PKI and the cluster. Another key, a broken chain, an expired certificate, or a CA certificate where
 * none was asked for never reaches a status; whatever else the PKI changed, as its profiles may, is named.
 *
 * @throws BadCertificateError
 */
export function verifyOutcome({ outcome, request, now, publishCa }: VerifyOutcomeInput): VerifiedOutcome {
  const { chain, leaf, caPem, mismatches } = verifyIssued({
    csr: request.parsedCsr,
    chain: outcome.chain,
    ca: outcome.ca,
    now: new Date(now),
    isCA: request.isCA,
    usages: request.usages,
    durationSeconds: request.durationSeconds,
  });
  if (leaf.isCA && !request.isCA) {
    throw new BadCertificateError(
      "the PKI's answer is refused: it is a CA certificate, but none was requested; correct the PKI's profile",
    );
  }
  const texts = mismatches.map(
    ({ field, requested, issued }) => `${field}: requested ${requested}, issued ${issued}`,
  );
  return {
    result: {
      status: "issued",
      chain,
      ca: publishCa ? caPem : undefined,
      conditions: outcome.conditions,
      mismatches: texts,
    },
    serial: leaf.serialHex,
    mismatches: texts,
  };
}
