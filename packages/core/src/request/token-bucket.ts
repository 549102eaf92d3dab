/** Options of a {@link TokenBucket}. */
export interface TokenBucketOptions {
  /** Infinity: no limit. */
  readonly perSecond: number;
  /** Milliseconds from an arbitrary start that never jump. */
  readonly monotonic: () => number;
}

/** A rate over time: a bucket that holds the tokens of one second, at least one. */
export class TokenBucket {
  readonly #options: TokenBucketOptions;
  readonly #size: number;
  #tokens: number;
  #filledAt: number;

  constructor(options: TokenBucketOptions) {
    this.#options = options;
    this.#size = Math.max(1, options.perSecond);
    this.#tokens = this.#size;
    this.#filledAt = options.monotonic();
  }

  get perSecond(): number {
    return this.#options.perSecond;
  }

  /** Milliseconds until there is a token; 0 when there is one. */
  get waitMs(): number {
    const { perSecond, monotonic } = this.#options;
    if (perSecond === Number.POSITIVE_INFINITY) return 0;
    const now = monotonic();
    this.#tokens = Math.min(this.#size, this.#tokens + ((now - this.#filledAt) / 1000) * perSecond);
    this.#filledAt = now;
    return this.#tokens >= 1 ? 0 : Math.ceil(((1 - this.#tokens) / perSecond) * 1000);
  }

  take(): void {
    this.#tokens -= 1;
  }

  /** Gives back a token that was taken and not used. */
  giveBack(): void {
    this.#tokens += 1;
  }
}
