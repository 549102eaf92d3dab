/** Options of {@link IssuerSlots}. */
export interface IssuerSlotsOptions {
  /** Calls of one issuer's signer at once. */
  readonly maxConcurrent: number;
  /** Calls of one issuer's signer per second; no limit unless given. */
  readonly maxPerSecond?: number | undefined;
  /** Looks at a request again that was turned away. */
  readonly wake: (request: string) => void;
  /** Milliseconds from an arbitrary start that never jump. */
  readonly monotonic: () => number;
}

/** Leave to call the signer: call `leave` when the call has ended. */
export interface IssuerSlot {
  readonly leave: () => void;
}

interface Gate {
  active: number;
  /** Requests that were turned away because every slot was taken, in their order. */
  readonly waiting: Set<string>;
  /** Calls that may begin now: a token bucket that holds one second's worth. */
  tokens: number;
  filledAt: number;
}

/**
 * The bulkhead between issuers: each may hold only so many of the shared workers, so that one whose PKI hangs does not
 * stop the others. A request that finds no slot goes back without holding a worker, and is looked at again when a slot
 * becomes free.
 */
export class IssuerSlots {
  readonly #options: IssuerSlotsOptions;
  readonly #gates = new Map<string, Gate>();

  constructor(options: IssuerSlotsOptions) {
    this.#options = options;
  }

  /** A slot; or the milliseconds to wait for the rate; or undefined: the request will be woken. */
  enter(issuer: string, request: string): IssuerSlot | number | undefined {
    const { maxConcurrent, maxPerSecond } = this.#options;
    const gate = this.#gate(issuer);
    if (gate.active >= maxConcurrent) {
      gate.waiting.add(request);
      return undefined;
    }
    if (maxPerSecond !== undefined) {
      this.#refill(gate, maxPerSecond);
      if (gate.tokens < 1) return Math.ceil(((1 - gate.tokens) / maxPerSecond) * 1000);
      gate.tokens -= 1;
    }
    gate.waiting.delete(request);
    gate.active += 1;
    let left = false;
    return {
      leave: () => {
        if (left) return;
        left = true;
        this.#leave(issuer, gate);
      },
    };
  }

  #gate(issuer: string): Gate {
    const known = this.#gates.get(issuer);
    if (known !== undefined) return known;
    const gate: Gate = {
      active: 0,
      waiting: new Set(),
      tokens: Math.max(1, this.#options.maxPerSecond ?? 1),
      filledAt: this.#options.monotonic(),
    };
    this.#gates.set(issuer, gate);
    return gate;
  }

  #refill(gate: Gate, perSecond: number): void {
    const now = this.#options.monotonic();
    gate.tokens = Math.min(Math.max(1, perSecond), gate.tokens + ((now - gate.filledAt) / 1000) * perSecond);
    gate.filledAt = now;
  }

  #leave(issuer: string, gate: Gate): void {
    gate.active -= 1;
    // A woken request may not want its slot any more, and then wakes nobody: the last one to leave wakes all.
    const woken = gate.active === 0 ? [...gate.waiting] : [...gate.waiting].slice(0, 1);
    for (const request of woken) {
      gate.waiting.delete(request);
      this.#options.wake(request);
    }
    // With a rate limit the bucket must outlive the quiet, or a burst would follow each one.
    if (gate.active === 0 && this.#options.maxPerSecond === undefined) this.#gates.delete(issuer);
  }
}
