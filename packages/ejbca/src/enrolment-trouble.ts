import { type Clock, IssuerError, signerErrorCode } from "@countersign/issuer-signer";

/** From the first failure to the next try, in milliseconds; doubled by each that fails. */
const firstWaitMs = 5_000;
/** As long as an administrator who has repaired something waits at most. */
const maxWaitMs = 60_000;

/**
 * What is wrong with the issuer as only an enrolment shows, such as a right that its role lacks. No check can see it, so the
 * issuer would become Ready at once, its requests would be sent again, and EJBCA be asked without end. Until the wait is over
 * the check repeats what the enrolment was told, so that requests are not sent.
 */
export class EnrolmentTrouble {
  readonly #clock: Pick<Clock, "monotonic">;
  #error: Error | undefined;
  #until = 0;
  #waitMs = firstWaitMs;

  constructor(clock: Pick<Clock, "monotonic">) {
    this.#clock = clock;
  }

  /** Throws what an enrolment was told a short while ago. */
  assertOver(): void {
    if (this.#error === undefined || this.#clock.monotonic() >= this.#until) return;
    throw new IssuerError(this.#error.message, { cause: this.#error });
  }

  /** An enrolment ended in this error. One that is not about the issuer says that the issuer is well, or nothing. */
  note(error: unknown): void {
    if (!(error instanceof Error) || signerErrorCode(error) !== "ISSUER") return;
    const now = this.#clock.monotonic();
    // Calls that ran side by side have one trouble.
    if (this.#error !== undefined && now < this.#until) return;
    this.#waitMs = this.#error === undefined ? firstWaitMs : Math.min(this.#waitMs * 2, maxWaitMs);
    this.#error = error;
    this.#until = now + this.#waitMs;
  }

  /** A certificate was issued. */
  clear(): void {
    this.#error = undefined;
  }
}
