import type { AdcsOperation } from "./operation.ts";

/** More than an issuer has under way; each is forgotten when it is the oldest of so many. */
const maxKnown = 1000;

/**
 * What this process has submitted, by attempt: where a certificate was fetched and then found bad, the same request is looked at
 * again instead of another one being made.
 */
export class Submissions {
  readonly #known = new Map<string, AdcsOperation>();

  get(attemptId: string): AdcsOperation | undefined {
    return this.#known.get(attemptId);
  }

  set(attemptId: string, operation: AdcsOperation): void {
    this.#known.delete(attemptId);
    this.#known.set(attemptId, operation);
    const [oldest] = this.#known.keys();
    if (this.#known.size > maxKnown && oldest !== undefined) this.#known.delete(oldest);
  }
}
