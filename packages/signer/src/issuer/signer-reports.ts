import type { CircuitChange } from "../http/endpoints.ts";

/** A credential with an end. */
export interface CredentialReport {
  /** Which of the issuer's credentials, such as `token`; never its value. */
  readonly credential: string;
  /** In milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** What a signer can tell operators, who see it as metrics. Both may be passed on unbound; neither throws. */
export interface SignerReports {
  /** A circuit breaker's state: `new Endpoints({ urls, onChange: reports.circuit })`. */
  readonly circuit: (change: CircuitChange) => void;
  /**
   * When a credential ends. Certificates among the Secret values are reported by the SDK, by the names that `secrets` gave
   * them.
   */
  readonly credential: (report: CredentialReport) => void;
}
