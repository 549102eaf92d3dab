/** The rule was stopped; what it would have answered is unknown. */
export class CostLimitError extends Error {
  override readonly name = "CostLimitError";
}

/** Longest text that a rule may make, in UTF-16 units: far above any name, far below what memory notices. */
const longestText = 65_536;

/**
 * Counts what one evaluation costs, in the manner of cel-go: 1 for a step, 1 for each element of a list that is read, a
 * tenth for each character of a text. Once spent, every further step fails, so that `error || true` cannot go on.
 */
export class Meter {
  #limit = 0;
  #spent = 0;

  /** Begins an evaluation that may cost so many units. */
  reset(limit: number): void {
    this.#limit = limit;
    this.#spent = 0;
  }

  get spent(): number {
    return this.#spent;
  }

  /** Whether the limit has been passed since the last reset, even if the rule went on to an answer. */
  get exhausted(): boolean {
    return this.#spent > this.#limit;
  }

  /** Books a step before or after it is taken. Throws a {@link CostLimitError} once the limit is passed. */
  charge(units: number): void {
    this.#spent += units;
    if (this.exhausted) throw new CostLimitError(`the rule costs more than ${Math.floor(this.#limit)} units`);
  }

  /** Books a text of so many characters that a step is about to make; too long a text ends the evaluation. */
  chargeText(length: number): void {
    this.charge(length > longestText ? Number.POSITIVE_INFINITY : length / 10);
  }
}
