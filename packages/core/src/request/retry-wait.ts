import { type BackoffPolicy, backoffDelay } from "../queue/backoff.ts";
import type { Scheduler } from "../queue/scheduler.ts";

const backoffs: Readonly<Record<"short" | "long", BackoffPolicy>> = Object.freeze({
  /** Below a minute, so that a PKI that has come back is used within one. */
  short: { initialMs: 500, maxMs: 45_000 },
  /** A profile is corrected by people: a day of tries should be tens, not thousands. */
  long: { initialMs: 500, maxMs: 3_600_000 },
});

/** Why a request waits before it is tried again. */
export interface RetryWaitReason {
  /** What the PKI asks for, in milliseconds; 0 when it asks for nothing. */
  readonly afterMs: number;
  /** What comes on top, since the try has failed; `long` when the next one is no likelier to succeed. */
  readonly backOff: "none" | "short" | "long";
}

/** When one request may be tried again. Times are in milliseconds since the epoch. */
export class RetryWait {
  #notBeforeMs: number | undefined;
  /** What the PKI asked for: never hastened. */
  #earliestMs = 0;
  /** Retryable errors in a row. */
  #failures = 0;
  #hastened = false;

  /** The PKI is not called for the request before this time. */
  get notBeforeMs(): number | undefined {
    return this.#notBeforeMs;
  }

  /** Begins a wait after a try. Longer than what the PKI asks for, never shorter. Returns milliseconds. */
  begin({ afterMs, backOff }: RetryWaitReason, now: number, chance: Pick<Scheduler, "random">): number {
    this.#failures = backOff === "none" ? 0 : this.#failures + 1;
    const backOffMs = backOff === "none" ? 0 : backoffDelay(backoffs[backOff], this.#failures, chance);
    const totalMs = afterMs + backOffMs;
    this.#notBeforeMs = now + totalMs;
    // A request that fails though the PKI answers others keeps its back-off, every other time at least.
    const keeps = this.#hastened || backOff === "long";
    this.#earliestMs = keeps ? this.#notBeforeMs : now + afterMs;
    this.#hastened = false;
    return totalMs;
  }

  /** Drops the rest of the back-off. Returns the milliseconds that remain; undefined when there is nothing to drop. */
  hasten(now: number): number | undefined {
    const soonest = Math.max(now, this.#earliestMs);
    if (this.#notBeforeMs === undefined || this.#notBeforeMs <= soonest) return undefined;
    this.#notBeforeMs = soonest;
    this.#hastened = true;
    return soonest - now;
  }
}
