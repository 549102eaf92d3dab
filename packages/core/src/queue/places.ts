import { Fifo } from "./fifo.ts";

/**
 * A bounded number of places at work. Who has left one and comes back goes before whoever has not begun: what has begun
 * is finished first.
 *
 * Invariant: nobody comes back in vain while a place is free.
 */
export class Places {
  readonly #count: number;
  readonly #returning = new Fifo<() => void>();
  #taken = 0;

  constructor(count: number) {
    this.#count = count;
  }

  get free(): boolean {
    return this.#taken < this.#count;
  }

  /** Takes a place that is free. */
  take(): void {
    this.#taken += 1;
  }

  /** Takes a place as soon as there is one. */
  async comeBack(): Promise<void> {
    if (this.free) this.take();
    else await new Promise<void>((resolve) => this.#returning.push(resolve));
  }

  /** Gives a place up, to the one that waits longest to come back. */
  leave(): void {
    const next = this.#returning.shift();
    if (next === undefined) this.#taken -= 1;
    else next();
  }
}
