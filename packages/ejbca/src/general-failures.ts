/** So many in a row, while another request was issued, are the request's own fault. */
const maxFailures = 5;
/** Attempts that are remembered; the oldest is forgotten. */
const maxAttempts = 1_000;

/**
 * Counts the answers `500 General failure.`, which EJBCA gives for its database being away and for requests that it cannot
 * take alike. What tells them apart: the other requests. A request that failed five times while another one was issued in
 * between fails for good; as long as none is issued, an outage is believed.
 */
export class GeneralFailures {
  readonly #attempts = new Map<string, { failures: number; readonly issuedBefore: number }>();
  #issued = 0;

  /** Another such answer. True where the request is at fault. */
  add(attemptId: string): boolean {
    const entry = this.#attempts.get(attemptId) ?? { failures: 0, issuedBefore: this.#issued };
    entry.failures += 1;
    this.#attempts.delete(attemptId);
    this.#attempts.set(attemptId, entry);
    const [oldest] = this.#attempts.keys();
    if (this.#attempts.size > maxAttempts && oldest !== undefined) this.#attempts.delete(oldest);
    return entry.failures >= maxFailures && this.#issued > entry.issuedBefore;
  }

  /** A request was issued. */
  issued(attemptId: string): void {
    this.#issued += 1;
    this.#attempts.delete(attemptId);
  }
}
