/** Which token is asked for. */
export interface ServiceAccountTokenRequest {
  /** A ServiceAccount in the issuer's own namespace, or in the cluster-resource namespace for a cluster issuer. */
  readonly name: string;
  /** Who is to accept the token; at least one. */
  readonly audiences: readonly string[];
  /** Wanted lifetime in seconds, 600 unless given, which is the least that Kubernetes issues; it may give another. */
  readonly expirationSeconds?: number | undefined;
  readonly signal: AbortSignal;
}

/** A bound token of a ServiceAccount. */
export interface ServiceAccountToken {
  /** A JWT. It is kept out of every message that people see. */
  readonly token: string;
  /** In milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** Asks Kubernetes for tokens with which a signer proves to its PKI for whom it works (TokenRequest, KEP-1205). */
export interface ServiceAccountTokens {
  /**
   * A new token.
   *
   * @throws IssuerError when the ServiceAccount does not exist or the controller may not ask for its tokens; RetryableError
   * when the API server cannot be had, which has issued nothing at the PKI
   */
  request(request: ServiceAccountTokenRequest): Promise<ServiceAccountToken>;
}
