import { setTimeout as delay } from "node:timers/promises";
import { parseCertificates, type SignRequest, type X509 } from "@countersign/issuer-signer";
import type { CertificateSearch } from "./certificate-search.ts";
import { backdateSeconds, type Enrolment } from "./enrolment-calls.ts";

/** What EJBCA knows of a request. */
export type Lookup =
  | { readonly status: "found"; readonly path: readonly X509[] }
  | { readonly status: "absent" }
  /** It cannot tell, or may not. */
  | { readonly status: "unknown"; readonly reason: string };

/** A server whose caller has gone may still be at work: what is not there is looked for again until this is over. */
export const defaultSettleMs = 2_000;
/** When, as shares of that time: most are done after a few milliseconds. */
const settleShares: readonly number[] = Object.freeze([0.1, 0.9]);
/** Clocks may differ by this, and a certificate profile may back-date by more than EJBCA's own ten minutes. */
const slackSeconds = 3_600;

/** What {@link IssuedCertificates} needs. */
export interface IssuedCertificatesOptions {
  readonly search: CertificateSearch;
  /** For how long what is not there is looked for, in milliseconds. */
  readonly settleMs?: number | undefined;
}

/** What is looked for. */
export interface LookupInput {
  readonly request: SignRequest;
  readonly enrolment: Enrolment;
  /** Whether the end entity belongs to this request alone: then any of its certificates with this key is the one. */
  readonly isUnique: boolean;
}

/**
 * Looks for the certificate of a request by its end entity and its public key.
 *
 * **A search that finds nothing proves nothing.** EJBCA answers with an empty list also where the role may not view end
 * entities of the profile, or not every CA of it, where the CA stores no certificates, and while its database is away. So
 * "not there" is believed only if, before and after it was found so, another certificate was seen that the same conditions
 * would have hidden: one of the same end entity, or one of the same CA and end entity profile.
 */
export class IssuedCertificates {
  readonly #search: CertificateSearch;
  readonly #settleMs: number;

  constructor({ search, settleMs = defaultSettleMs }: IssuedCertificatesOptions) {
    this.#search = search;
    this.#settleMs = settleMs;
  }

  async find(input: LookupInput, signal: AbortSignal): Promise<Lookup> {
    let lookup = await this.#look(input, signal);
    for (const share of settleShares) {
      if (lookup.status !== "absent") break;
      await delay(this.#settleMs * share, undefined, { signal });
      lookup = await this.#look(input, signal);
    }
    return lookup;
  }

  async #look(input: LookupInput, signal: AbortSignal): Promise<Lookup> {
    const { certificateAuthorityName, endEntityProfileName, endEntityName } = input.enrolment;
    let { certificates, hasMore } = await this.#search.byUsername(endEntityName, signal);
    // The order of what is shown is not that of issuing.
    if (hasMore && !certificates.some((certificate) => isOf(certificate, input)))
      ({ certificates, hasMore } = await this.#search.byUsername(endEntityName, signal, sinceOf(input)));
    const match = latest(certificates.filter((certificate) => isOf(certificate, input)));
    if (match !== undefined) return this.#found(match, certificateAuthorityName, signal);
    if (hasMore) return unknown("its end entity has more certificates than EJBCA shows");
    if (certificates.length > 0) return { status: "absent" };
    if (await this.#search.seesAny(certificateAuthorityName, endEntityProfileName, signal))
      return { status: "absent" };
    return unknown(
      "EJBCA shows no certificate of this CA and end entity profile: there is none yet, the issuer's role lacks view_end_entity for the profile or a CA of it, the CA stores none, or the database is away",
    );
  }

  /** The CAs above a certificate, the issuing one first; none where EJBCA does not tell them. */
  async above(leaf: X509, caName: string, signal: AbortSignal): Promise<readonly X509[]> {
    const pem = await this.#search.chainOf(await this.#issuerDn(leaf, caName, signal), signal);
    const chain = pem === undefined ? [] : certificatesOf(pem);
    const at = chain.findIndex((ca) => leaf.isIssuedBy(ca));
    return at < 0 ? [] : chain.slice(at);
  }

  /** Its spelling of the name, or ours: EJBCA takes the parts of a DN in any order. */
  async #issuerDn(leaf: X509, caName: string, signal: AbortSignal): Promise<string> {
    return (await this.#search.authorities(signal)).get(caName) ?? leaf.issuer;
  }

  async #found(leaf: X509, caName: string, signal: AbortSignal): Promise<Lookup> {
    const dn = await this.#issuerDn(leaf, caName, signal);
    if (await this.#search.isRevoked(dn, leaf.serialHex, signal)) return { status: "absent" };
    const above = await this.above(leaf, caName, signal);
    if (above.length === 0)
      return unknown(
        "the certificate is there, but EJBCA does not tell the CA certificate that issued it any more",
      );
    return { status: "found", path: [leaf, ...above] };
  }
}

/** A certificate of the request cannot be older than this. */
function sinceOf({ request: { approvedAt } }: LookupInput): Date {
  return new Date((approvedAt - backdateSeconds - slackSeconds) * 1000);
}

/** Other certificates of a shared end entity may have the same key, and be older. */
function isOf(certificate: X509, input: LookupInput): boolean {
  const { spkiDer } = input.request.parsedCsr;
  if (!Buffer.from(certificate.spkiDer).equals(Buffer.from(spkiDer))) return false;
  return input.isUnique || certificate.notBefore >= sinceOf(input);
}

function latest(certificates: readonly X509[]): X509 | undefined {
  return [...certificates].sort((a, b) => b.notBefore.getTime() - a.notBefore.getTime())[0];
}

function certificatesOf(pem: string): readonly X509[] {
  try {
    return parseCertificates(pem);
  } catch {
    return [];
  }
}

function unknown(reason: string): Lookup {
  return { status: "unknown", reason };
}
