import { type BackoffPolicy, backoffDelay } from "../queue/backoff.ts";
import type { Scheduler } from "../queue/scheduler.ts";

/** Times of a {@link WatchBackoff}. */
export interface WatchBackoffTiming {
  readonly backoff: BackoffPolicy;
  /** A watch that has lived this long ended for a reason of its own, not because the server is in trouble. */
  readonly settledMs: number;
  /** A watch that has lived this long proves the server healthy. */
  readonly healthyMs: number;
}

/** How long a list-watch rests between two attempts. */
export class WatchBackoff {
  readonly #timing: WatchBackoffTiming;
  readonly #chance: Pick<Scheduler, "random">;
  #failures = 0;

  constructor(timing: WatchBackoffTiming, chance: Pick<Scheduler, "random">) {
    this.#timing = timing;
    this.#chance = chance;
  }

  /** After a watch that the server ended: a long life needs no rest, since its end was agreed upon. */
  afterEnd(lifeMs: number): number {
    const rest = this.afterFailure(lifeMs);
    return lifeMs >= this.#timing.healthyMs ? 0 : rest;
  }

  /**
   * After a list that failed (a life of 0) or a watch that broke. Only short lives make the rest grow: a proxy that cuts
   * every connection after a minute must not make the watch deaf for half of the next.
   */
  afterFailure(lifeMs: number): number {
    const { backoff, settledMs, healthyMs } = this.#timing;
    if (lifeMs >= healthyMs) this.#failures = 0;
    if (lifeMs >= settledMs) return backoffDelay(backoff, 1, this.#chance);
    this.#failures += 1;
    return backoffDelay(backoff, this.#failures, this.#chance);
  }
}
