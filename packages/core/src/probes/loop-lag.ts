import type { Scheduler } from "../queue/scheduler.ts";

const intervalMs = 1_000;

/** Samples once a second how late the event loop runs its timers. */
export class LoopLag {
  readonly #scheduler: Scheduler;
  #dueAt: number;
  #lastMs = 0;
  #cancel: () => void;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
    this.#dueAt = scheduler.monotonic() + intervalMs;
    this.#cancel = scheduler.after(intervalMs, () => this.#tick());
  }

  /** The greater of the last sample and of what the next one is late already, in milliseconds. */
  get ms(): number {
    return Math.max(0, this.#lastMs, this.#scheduler.monotonic() - this.#dueAt);
  }

  stop(): void {
    this.#cancel();
  }

  #tick(): void {
    const now = this.#scheduler.monotonic();
    this.#lastMs = now - this.#dueAt;
    this.#dueAt = now + intervalMs;
    this.#cancel = this.#scheduler.after(intervalMs, () => this.#tick());
  }
}
