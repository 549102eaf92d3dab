/** How a fake PKI misbehaves. Numbers without a unit are probabilities, 0 to 1, drawn anew for each call. */
export interface Misbehaviour {
  /** Longest delay before an answer, in milliseconds; each answer takes a random part of it. */
  readonly latencyMs: number;
  /** Answers 429 and issues nothing. */
  readonly throttled: number;
  /** `Retry-After` of a 429, in seconds. */
  readonly retryAfterSeconds: number;
  /** Answers 503 and issues nothing. */
  readonly unavailable: number;
  /** Resets the connection before anything is issued. */
  readonly resetBefore: number;
  /** Issues, then resets the connection instead of answering. */
  readonly resetAfter: number;
  /** Issues, then resets the connection in the middle of the answer. */
  readonly halfAnswer: number;
  /** Sends the answer in small pieces. */
  readonly slowBody: number;
  /** Takes an order and issues it only after one to three looks. */
  readonly pending: number;
  /** Answers with something else than the certificate that it issued: see `badCertificates`. */
  readonly badCertificate: number;
}

/** A bad day, and the default: whoever copes with it does not depend on luck. About one order in three goes wrong. */
export const badDay: Misbehaviour = Object.freeze({
  latencyMs: 40,
  throttled: 0.06,
  retryAfterSeconds: 1,
  unavailable: 0.06,
  resetBefore: 0.05,
  resetAfter: 0.05,
  halfAnswer: 0.03,
  slowBody: 0.05,
  pending: 0.3,
  badCertificate: 0.05,
});

/** Nothing goes wrong, and every order is issued at once. */
export const calm: Misbehaviour = Object.freeze({
  latencyMs: 0,
  throttled: 0,
  retryAfterSeconds: 1,
  unavailable: 0,
  resetBefore: 0,
  resetAfter: 0,
  halfAnswer: 0,
  slowBody: 0,
  pending: 0,
  badCertificate: 0,
});

/** Fills the gaps from `base`. Throws a TypeError that names the option, what it may be and what it is. */
export function misbehaviour(base: Misbehaviour, given: Partial<Misbehaviour>): Misbehaviour {
  const complete = { ...base, ...given };
  for (const [name, value] of Object.entries(complete)) {
    const isAmount = name === "latencyMs" || name === "retryAfterSeconds";
    if (!(value >= 0 && (isAmount || value <= 1)))
      throw new TypeError(
        `Expected \`${name}\` to be a number from 0 ${isAmount ? "up" : "to 1"}, got \`${value}\``,
      );
  }
  return complete;
}
