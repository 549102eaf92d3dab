/** Options of {@link withDeadline}. */
export interface DeadlineOptions {
  /** Ends the call early, with its own reason. */
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** The error at the deadline. */
  readonly late: () => Error;
}

/**
 * Runs a call of an author's code under a deadline. The signal tells the call to end; the race goes on without a call
 * that does not listen. Once the signal has aborted there is no call.
 */
export async function withDeadline<T>(
  { signal, timeoutMs, late }: DeadlineOptions,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(late()), timeoutMs);
  const bound = AbortSignal.any([signal, deadline.signal]);
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const end = () => reject(bound.reason);
  bound.addEventListener("abort", end, { once: true });
  try {
    return await Promise.race([ended, call(bound)]);
  } finally {
    clearTimeout(timer);
    bound.removeEventListener("abort", end);
  }
}
