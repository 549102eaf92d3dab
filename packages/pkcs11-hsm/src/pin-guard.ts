import { createHmac, randomBytes } from "node:crypto";
import type { HsmFault } from "./hsm-fault.ts";

/**
 * Remembers which PIN which token refused, so that none is tried twice: tokens lock after three to ten wrong ones, and
 * restarted processes, retries and a second issuer with the same Secret would each try again. PINs are kept as keyed hashes.
 */
export class PinGuard {
  readonly #key = randomBytes(32);
  readonly #refused = new Map<string, { readonly owner: string; readonly fault: HsmFault }>();

  /** What the token said of this PIN, if it refused it. */
  refusal(token: string, pin: string): HsmFault | undefined {
    return this.#refused.get(this.#entry(token, pin))?.fault;
  }

  /** Notes a refusal that `owner`, the uid of an issuer, met. */
  note(token: string, pin: string, owner: string, fault: HsmFault): void {
    this.#refused.set(this.#entry(token, pin), { owner, fault });
  }

  /** Forgets what `owner` noted: its spec or its Secret has changed, so somebody has looked at it. */
  forget(owner: string): void {
    for (const [entry, { owner: noted }] of this.#refused) if (noted === owner) this.#refused.delete(entry);
  }

  #entry(token: string, pin: string): string {
    return createHmac("sha256", this.#key)
      .update(JSON.stringify([token, pin]))
      .digest("base64");
  }
}
