/** The bounds of the wait between failed issuances, in milliseconds. */
export interface BackOffBounds {
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
}

/** cert-manager's own bounds: an hour, doubled at each failure, up to 32 hours. */
export const defaultBackOff: BackOffBounds = Object.freeze({
  minBackoffMs: 3_600_000,
  maxBackoffMs: 32 * 3_600_000,
});

/**
 * When the next issuance may start, in milliseconds since the epoch.
 *
 * Kubernetes times have whole seconds, and a failed request is replaced only when its `failureTime` lies before the new
 * issuance: below one second the wait would end inside the same second.
 */
export function retryTime(lastFailure: number, failures: number, bounds: BackOffBounds): number {
  const delay = bounds.minBackoffMs * 2 ** (Math.max(failures, 1) - 1);
  return lastFailure + Math.max(1000, Math.min(delay, bounds.maxBackoffMs));
}
