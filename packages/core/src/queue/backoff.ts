import type { Scheduler } from "./scheduler.ts";

/** Bounds of an exponential back-off with full jitter. */
export interface BackoffPolicy {
  /** Upper bound of the first delay, in milliseconds. */
  readonly initialMs: number;
  /** Upper bound of every delay, in milliseconds. */
  readonly maxMs: number;
}

/**
 * A delay after the given number of failures (1 from the first): uniform between 0 and `initialMs * 2^(failures-1)`,
 * capped at `maxMs`. Full jitter spreads clients that failed together evenly over the whole interval.
 */
export function backoffDelay(
  policy: BackoffPolicy,
  failures: number,
  chance: Pick<Scheduler, "random">,
): number {
  const bound = Math.min(policy.maxMs, policy.initialMs * 2 ** Math.min(failures - 1, 52));
  return chance.random() * bound;
}

/** Checks a policy at construction of its owner. */
export function checkBackoffPolicy(option: string, { initialMs, maxMs }: BackoffPolicy): void {
  if (!(initialMs > 0 && maxMs >= initialMs && Number.isFinite(maxMs))) {
    throw new TypeError(
      `Expected \`${option}\` to have 0 < initialMs <= maxMs, got \`initialMs: ${initialMs}, maxMs: ${maxMs}\``,
    );
  }
}
