import { BadCertificateError, type Issued, type SignRequest, verifyIssued } from "@countersign/issuer-signer";
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
  const cas = [...chain.chain.slice(1), ...(chain.ca === undefined ? [] : [chain.ca])];
  return {
    result: {
      status: "issued",
      chain,
      ca: publishCa ? caPem : undefined,
      conditions: outcome.conditions,
      mismatches: texts,
    },
    serial: leaf.serialHex,
    notAfterMs: leaf.notAfter.getTime(),
    caNotAfterMs: cas.length === 0 ? undefined : Math.min(...cas.map(({ notAfter }) => notAfter.getTime())),
    mismatches: texts,
  };
}
