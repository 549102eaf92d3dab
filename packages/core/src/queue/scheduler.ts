/** Time, timers and chance, injected everywhere so that tests decide them. */
export interface Scheduler {
  /** Wall clock, in milliseconds since the epoch: for timestamps that leave the process. */
  now(): number;
  /** Milliseconds from an arbitrary start that never jump: for intervals. */
  monotonic(): number;
  /** Uniform in [0, 1). */
  random(): number;
  /** Runs `action` once, `ms` milliseconds from now; the result cancels it. Later than 24 days is 24 days. */
  after(ms: number, action: () => void): () => void;
}

/** Longest delay that setTimeout takes; a greater one would fire at once. */
const longestTimerMs = 2 ** 31 - 1;

/** The process's own clock and timers. They are looked up at each call, so a test's fake timers apply. */
export const systemScheduler: Scheduler = Object.freeze({
  now: () => Date.now(),
  monotonic: () => performance.now(),
  random: () => Math.random(),
  after(ms: number, action: () => void) {
    const timer = setTimeout(action, Math.min(Math.max(0, ms), longestTimerMs));
    return () => clearTimeout(timer);
  },
});

/** Resolves after `ms` milliseconds, or as soon as the signal aborts: look at the signal afterwards. */
export function pause(scheduler: Scheduler, ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      cancel();
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const cancel = scheduler.after(ms, done);
    signal?.addEventListener("abort", done);
  });
}

/**
 * Settles with the promise, or rejects with the signal's reason as soon as it aborts; what becomes of the promise is then
 * nobody's concern.
 */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

/** Settles with the promise, or rejects with `late()` when it has not settled after `ms` milliseconds. */
export function within<T>(
  scheduler: Scheduler,
  ms: number,
  promise: Promise<T>,
  late: () => Error,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = scheduler.after(ms, () => reject(late()));
    promise.then(resolve, reject).finally(cancel);
  });
}
