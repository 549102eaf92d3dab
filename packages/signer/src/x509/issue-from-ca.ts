import { type Issued, issued } from "../outcome.ts";
import type { SignRequest } from "../signer.ts";
import { buildCertificate } from "./build-certificate.ts";
import { assertUsableCa } from "./ca-certificate.ts";
import type { CaSigner } from "./ca-signer.ts";
import type { X509 } from "./certificate.ts";
import { deterministicSerial, randomSerial } from "./serial.ts";

/** What a CA of ours puts into every certificate, beside what the request asks for. */
export interface CaProfile {
  readonly crlDistributionPoints?: readonly string[] | undefined;
  readonly ocspServers?: readonly string[] | undefined;
  readonly issuingCertificateURLs?: readonly string[] | undefined;
  /** Dotted. */
  readonly policyOIDs?: readonly string[] | undefined;
  /** Longest lifetime; longer requests get this one. No certificate ends after the CA in any case. */
  readonly maxDurationSeconds?: number | undefined;
  /** CA certificates that may follow below a CA certificate. */
  readonly maxPathLength?: number | undefined;
  /** `request`, the default: from the attempt, so that a repeat is the same certificate. `random`: a repeat is another one. */
  readonly serial?: "request" | "random" | undefined;
}

/** What {@link issueFromCa} needs. */
export interface IssueFromCaOptions {
  readonly request: SignRequest;
  readonly attemptId: string;
  /** The CA first, each followed by its issuer. */
  readonly caChain: readonly X509[];
  readonly signer: CaSigner;
  readonly profile?: CaProfile | undefined;
  /** A CA that is not valid now issues nothing. */
  readonly now: Date;
}

/**
 * Issues for a request from a CA whose key is at hand, in a Secret or in an HSM. Serial and dates follow from the request
 * alone, so that a repeated `sign` answers the same certificate again, with ECDSA but for the signature. Throws an
 * {@link IssuerError} where the CA cannot issue now, and as {@link buildCertificate} does.
 */
export async function issueFromCa(options: IssueFromCaOptions): Promise<Issued> {
  const { request, attemptId, caChain, signer, profile = {}, now } = options;
  const [caCertificate] = caChain;
  if (caCertificate === undefined) throw new TypeError("Expected `caChain` to begin with the CA, got none");
  assertUsableCa(caCertificate, { now });
  const { parsedCsr: csr, isCA, usages, approvedAt, durationSeconds } = request;
  const seconds = Math.min(durationSeconds, profile.maxDurationSeconds ?? durationSeconds);
  const certificate = await buildCertificate({
    csr,
    caCertificate,
    signer,
    serial: profile.serial === "random" ? randomSerial() : deterministicSerial(attemptId),
    notBefore: new Date(approvedAt * 1000),
    notAfter: new Date((approvedAt + seconds) * 1000),
    isCA,
    usages,
    pathLength: profile.maxPathLength,
    crlDistributionPoints: profile.crlDistributionPoints,
    ocspServers: profile.ocspServers,
    issuingCertificateUrls: profile.issuingCertificateURLs,
    policyOids: profile.policyOIDs,
  });
  return issued({ chain: certificate.pem + caChain.map(({ pem }) => pem).join("") });
}
