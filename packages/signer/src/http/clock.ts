/** Time and timers, injected so that tests decide them. Core's scheduler is one. */
export interface Clock {
  /** Wall clock, in milliseconds since the epoch. */
  now(): number;
  /** Milliseconds from an arbitrary start that never jump: for intervals. */
  monotonic(): number;
  /** Runs `action` once, `ms` milliseconds from now; the result cancels it. */
  after(ms: number, action: () => void): () => void;
}

/** The process's own clock and timers. They are looked up at each call, so a test's fake timers apply. */
export const systemClock: Clock = Object.freeze({
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms: number, action: () => void) {
    const timer = setTimeout(action, ms);
    return () => clearTimeout(timer);
  },
});
