import { type BackoffPolicy, backoffDelay, checkBackoffPolicy } from "../queue/backoff.ts";
import { pause, type Scheduler, systemScheduler } from "../queue/scheduler.ts";
import { isKubeApiError } from "./kube-api-error.ts";
import { isKubeNetworkError } from "./kube-network-error.ts";

/** How a write is repeated. */
export interface RetryWriteOptions {
  /** Ends the retries. */
  readonly signal: AbortSignal;
  /** Bounds of the delay between tries. */
  readonly backoff?: BackoffPolicy | undefined;
  /** Told of each failed try that will be repeated; what it throws ends them. */
  readonly onRetry?: ((error: Error) => void) | undefined;
  readonly scheduler?: Scheduler | undefined;
}

/** A result that has been signed waits for this write, so the first retries come soon. */
export const retryWriteBackoff: BackoffPolicy = Object.freeze({ initialMs: 200, maxMs: 15_000 });

/**
 * Repeats a write that may be repeated, after conflicts, 429, 5xx and trouble of the network; whatever else the server
 * answers is thrown.
 *
 * @param write is told whether the try before met a conflict: then what it goes by is out of date
 * @throws KubeApiError for any other answer; the signal's reason when it aborts first.
 */
export async function retryWrite<T>(
  { signal, backoff = retryWriteBackoff, onRetry, scheduler = systemScheduler }: RetryWriteOptions,
  write: (conflict: boolean) => Promise<T>,
): Promise<T> {
  checkBackoffPolicy("backoff", backoff);
  for (let failures = 0, conflict = false; ; failures += 1) {
    try {
      return await write(conflict);
    } catch (error) {
      signal.throwIfAborted();
      if (!isWorthRetry(error)) throw error;
      onRetry?.(error);
      conflict = isKubeApiError(error, 409);
      // The first conflict tells only that what was seen is out of date: there is nothing to wait for.
      if (conflict && failures === 0) continue;
      const asked = isKubeApiError(error) ? (error.retryAfterMs ?? 0) : 0;
      await pause(
        scheduler,
        Math.max(asked, backoffDelay(backoff, Math.max(1, failures), scheduler)),
        signal,
      );
      signal.throwIfAborted();
    }
  }
}

function isWorthRetry(error: unknown): error is Error {
  if (isKubeNetworkError(error)) return error.failure !== "closed";
  return isKubeApiError(error) && (error.status === 409 || error.status === 429 || error.status >= 500);
}
