import { createHmac, randomBytes } from "node:crypto";

/**
 * Remembers which credential which place refused, so that none is tried twice: directories and tokens lock after three to
 * ten wrong ones, and retries and a second issuer with the same Secret would each try again. Credentials are kept as keyed
 * hashes. One for all issuers of a process; `connect` calls {@link forget}, since it is called when something has changed.
 */
export class CredentialGuard<Fault> {
  readonly #key = randomBytes(32);
  readonly #refused = new Map<string, { readonly owner: string; readonly fault: Fault }>();

  /** What was said of this credential at this place (a token, an account of a realm), if it was refused. */
  refusal(place: string, credential: string): Fault | undefined {
    return this.#refused.get(this.#entry(place, credential))?.fault;
  }

  /** Notes a refusal that `owner`, the uid of an issuer, met. */
  note(place: string, credential: string, owner: string, fault: Fault): void {
    this.#refused.set(this.#entry(place, credential), { owner, fault });
  }

  /** Forgets what `owner` noted: its spec or its Secret has changed, so somebody has looked at it. */
  forget(owner: string): void {
    for (const [entry, { owner: noted }] of this.#refused) if (noted === owner) this.#refused.delete(entry);
  }

  #entry(place: string, credential: string): string {
    return createHmac("sha256", this.#key)
      .update(JSON.stringify([place, credential]))
      .digest("base64");
  }
}
