import { type Clock, IssuerError, RetryableError } from "@countersign/issuer-signer";
import { Cached } from "../cached.ts";
import { said } from "../server-error.ts";
import { inQuotes, itSaid } from "../words.ts";
import type { TppSession } from "./tpp-session.ts";
import { tppWords } from "./tpp-words.ts";
import { readZonePolicy, type ZonePolicy } from "./zone-policy.ts";

/** What {@link TppZone} needs. */
export interface TppZoneOptions {
  readonly session: TppSession;
  /** Whole DN of the policy folder. */
  readonly dn: string;
  readonly cadn: string | undefined;
  readonly clock: Pick<Clock, "monotonic">;
}

/** A changed policy is known after so long, or after the next check of the issuer; in milliseconds. */
const policyTtlMs = 5 * 60_000;
const readTimeoutMs = 30_000;

/** The policy folder of an issuer, and what it says. */
export class TppZone {
  readonly dn: string;
  readonly #options: TppZoneOptions;
  readonly #policy: Cached<ZonePolicy>;

  constructor(options: TppZoneOptions) {
    this.dn = options.dn;
    this.#options = options;
    const read = (signal: AbortSignal) => this.#read(signal);
    this.#policy = new Cached({ read, ttlMs: policyTtlMs, timeoutMs: readTimeoutMs, clock: options.clock });
  }

  /** What it says, perhaps as of a few minutes ago. Throws an IssuerError for a zone that issuers cannot use. */
  policy(signal: AbortSignal): Promise<ZonePolicy> {
    return this.#policy.get(signal);
  }

  /** What it says now. */
  refresh(signal: AbortSignal): Promise<ZonePolicy> {
    return this.#policy.refresh(signal);
  }

  /** TPP has refused what this policy allows: it has changed. */
  forget(): void {
    this.#policy.forget();
  }

  async #read(signal: AbortSignal): Promise<ZonePolicy> {
    const { session, dn } = this.#options;
    const answer = await session.call({
      method: "POST",
      path: "vedsdk/certificates/checkpolicy",
      json: { PolicyDN: dn },
      what: "a look at the zone's policy",
      accepts: ({ status }) => status === 400,
      signal,
    });
    if (answer.status === 400)
      throw new IssuerError(
        `${said("TPP", answer)}: zone ${inQuotes(dn)} is not found.${itSaid(tppWords(answer))} Correct zone in the issuer's spec, and let the user view the folder.`,
      );
    const policy = readZonePolicy(answer);
    if (policy === undefined)
      throw new RetryableError(`${said("TPP", answer)} without a policy. Check that tpp.url is a TPP's.`, {
        issuedNothing: true,
      });
    this.#assertUsable(policy);
    return policy;
  }

  /** What no request could get past. */
  #assertUsable({ csrGeneration, certificateAuthority }: ZonePolicy): void {
    const { dn, cadn } = this.#options;
    if (csrGeneration.locked && /^service/i.test(csrGeneration.value ?? ""))
      throw new IssuerError(
        `Zone ${inQuotes(dn)} is locked to CSRs that TPP makes, and the key would not be cert-manager's. Unlock CSR generation, or set it to User Provided.`,
      );
    const { locked, value } = certificateAuthority;
    if (locked && cadn !== undefined && value !== undefined && value.toLowerCase() !== cadn.toLowerCase())
      throw new IssuerError(
        `Zone ${inQuotes(dn)} is locked to the CA template ${inQuotes(value)}, and tpp.cadn names another. Remove tpp.cadn.`,
      );
  }
}
