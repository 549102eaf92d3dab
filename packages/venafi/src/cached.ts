import { type Clock, orAborted } from "@countersign/issuer-signer";

/** What {@link Cached} needs. */
export interface CachedOptions<T> {
  /** Reads it anew; gets a signal of its own, since several callers wait for one read. */
  readonly read: (signal: AbortSignal) => Promise<T>;
  /** For how long it is good, in milliseconds. */
  readonly ttlMs: number;
  /** Bounds one read, in milliseconds. */
  readonly timeoutMs: number;
  readonly clock: Pick<Clock, "monotonic">;
}

/** A value that is read once for all who want it, and again when it is old. What fails is not kept. */
export class Cached<T> {
  readonly #options: CachedOptions<T>;
  #held: { readonly value: T; readonly until: number } | undefined;
  #reading: Promise<T> | undefined;

  constructor(options: CachedOptions<T>) {
    this.#options = options;
  }

  /** The value; the read runs on when `signal` fires, for the others that wait. */
  get(signal: AbortSignal): Promise<T> {
    const held = this.#held;
    if (held !== undefined && this.#options.clock.monotonic() < held.until)
      return Promise.resolve(held.value);
    return this.refresh(signal);
  }

  /** The value as it is now. */
  refresh(signal: AbortSignal): Promise<T> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return orAborted(this.#reading, signal);
  }

  /** The next {@link get} reads it anew. */
  forget(): void {
    this.#held = undefined;
  }

  async #read(): Promise<T> {
    const { read, timeoutMs, ttlMs, clock } = this.#options;
    const value = await read(AbortSignal.timeout(timeoutMs));
    this.#held = { value, until: clock.monotonic() + ttlMs };
    return value;
  }
}
