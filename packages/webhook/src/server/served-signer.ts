import type { Signer } from "@countersign/issuer-signer";

interface Held {
  // What the operation of another version is, is that version's affair.
  readonly signer: Signer<unknown>;
  calls: number;
  isReplaced: boolean;
}

/** The signer that a service uses now. It may be replaced while it is used: calls under way end with the one they began with. */
export class ServedSigner {
  #held: Held | undefined;

  /** @param signer none until the first {@link replace}; calls fail until then */
  constructor(signer?: Signer<unknown>) {
    if (signer !== undefined) this.replace(signer);
  }

  /** Whether the present signer can be asked what it has issued, and has to be. */
  get looksUp(): boolean {
    const signer = this.#held?.signer;
    return signer?.find !== undefined && signer.idempotent !== true;
  }

  /** Uses another one from now on; the one before is closed after its last call. */
  replace(signer: Signer<unknown>): void {
    const before = this.#held;
    this.#held = { signer, calls: 0, isReplaced: false };
    if (before !== undefined) void this.#retire(before);
  }

  /** Runs one call, or some that belong together, with the signer of now. */
  async use<T>(call: (signer: Signer<unknown>) => Promise<T>): Promise<T> {
    const held = this.#held;
    if (held === undefined) throw new TypeError("Expected a signer before the first call, got none");
    held.calls += 1;
    try {
      return await call(held.signer);
    } finally {
      held.calls -= 1;
      if (held.isReplaced && held.calls === 0) void close(held.signer);
    }
  }

  /** Closes the signer, after its last call. */
  async close(): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) await this.#retire(held);
  }

  async #retire(held: Held): Promise<void> {
    held.isReplaced = true;
    if (held.calls === 0) await close(held.signer);
  }
}

/** A signer that does not close well is gone all the same. */
async function close(signer: Signer<unknown>): Promise<void> {
  await signer.close?.().catch(() => {});
}
