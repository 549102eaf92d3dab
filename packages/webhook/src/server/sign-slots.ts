import { HttpProblem, retryAfter } from "./http-problem.ts";

/** Limits of {@link SignSlots}. */
export interface SignSlotsOptions {
  /** Calls of the signer at once. */
  readonly maxConcurrent: number;
  /** Of these, for one caller. */
  readonly maxConcurrentPerCaller: number;
  /** Requests that wait for a slot. */
  readonly maxWaiting: number;
}

interface Waiting {
  readonly caller: string;
  readonly start: () => void;
}

/** How soon a slot may be free, in milliseconds: a PKI signs in about that time. */
const retryMs = 1_000;

/** Bounds how much of the PKI's time all callers, and one of them, take; the rest waits in turn, up to a bound. */
export class SignSlots {
  readonly #options: SignSlotsOptions;
  readonly #waiting: Waiting[] = [];
  readonly #ofCaller = new Map<string, number>();
  #running = 0;

  constructor(options: SignSlotsOptions) {
    this.#options = options;
  }

  /**
   * Runs `work` when there is a slot for it.
   *
   * @throws HttpProblem 429 where the caller has as many requests under way and waiting as may be for one, 503 where all have
   */
  async run<T>(caller: string, work: () => Promise<T>): Promise<T> {
    await this.#enter(caller);
    try {
      return await work();
    } finally {
      this.#leave(caller);
    }
  }

  #enter(caller: string): Promise<void> | undefined {
    const { maxWaiting, maxConcurrentPerCaller } = this.#options;
    if (this.#mayStart(caller)) return void this.#take(caller);
    const own = this.#waiting.filter((each) => each.caller === caller).length;
    if (own >= maxConcurrentPerCaller) throw busy(429);
    if (this.#waiting.length >= maxWaiting) throw busy(503);
    return new Promise((resolve) => {
      this.#waiting.push({ caller, start: resolve });
    });
  }

  #leave(caller: string): void {
    this.#running -= 1;
    const left = (this.#ofCaller.get(caller) ?? 1) - 1;
    if (left === 0) this.#ofCaller.delete(caller);
    else this.#ofCaller.set(caller, left);
    const next = this.#waiting.findIndex((each) => this.#mayStart(each.caller));
    const [waiting] = next < 0 ? [] : this.#waiting.splice(next, 1);
    if (waiting === undefined) return;
    this.#take(waiting.caller);
    waiting.start();
  }

  #mayStart(caller: string): boolean {
    const { maxConcurrent, maxConcurrentPerCaller } = this.#options;
    return this.#running < maxConcurrent && (this.#ofCaller.get(caller) ?? 0) < maxConcurrentPerCaller;
  }

  #take(caller: string): void {
    this.#running += 1;
    this.#ofCaller.set(caller, (this.#ofCaller.get(caller) ?? 0) + 1);
  }
}

function busy(status: 429 | 503): HttpProblem {
  return new HttpProblem({
    status,
    code: status === 429 ? "too_many_requests" : "overloaded",
    message:
      status === 429
        ? "This caller has too many requests under way. Send fewer at once."
        : "The service has too many requests under way.",
    headers: retryAfter(retryMs),
    issuedNothing: true,
  });
}
