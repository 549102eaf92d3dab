/**
 * How the requests of one issuer object are served; what is left out, or undefined, is as the program has it. Every value
 * is a number above 0.
 */
export interface IssuerLimits {
  /** For how long trouble with the PKI is retried before a request fails, in milliseconds. */
  readonly retryForMs?: number | undefined;
  /** For how long the PKI may have a request pending before it fails, in milliseconds; goes before the signer's own. */
  readonly pendingForMs?: number | undefined;
  /** Calls of the signer at once; no more than the program lets every issuer have. */
  readonly maxConcurrentSigns?: number | undefined;
  /** Calls of the signer per second; no more than the program lets every issuer have. */
  readonly maxSignsPerSecond?: number | undefined;
  /**
   * For how long the certificate of a request is given to an identical one too, in milliseconds: same CSR, spec, annotations
   * and labels, same requester and namespace. Never past a third of its life. Left out: every request gets its own.
   */
  readonly reuseForMs?: number | undefined;
}
