import type { WorkQueueOptions } from "../queue/work-queue.ts";
import type { Leadership } from "./leadership.ts";

/** Work of a queue: one key, until the signal fires. */
export type Work = WorkQueueOptions["process"];

/**
 * The work, bound to the term it begins in: the end of the term aborts it, and what then becomes of it is no error. The
 * key comes back through `again`, for the next term.
 */
export function whileLeading(leadership: Leadership, work: Work, again: (key: string) => void): Work {
  return async (key, signal, park) => {
    const term = leadership.signal;
    try {
      term.throwIfAborted();
      await work(key, AbortSignal.any([signal, term]), park);
    } catch (error) {
      if (!term.aborted) throw error;
    }
    if (term.aborted && !signal.aborted) again(key);
  };
}
