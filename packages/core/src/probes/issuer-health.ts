/** A watch as it is now. */
export interface WatchHealth {
  /** The resource, such as `acmeissuers.pki.example.com`, and what is selected of it. */
  readonly name: string;
  /** Whether its cache has been complete once. */
  readonly synced: boolean;
  /** Milliseconds since the API server last showed itself alive to it. */
  readonly lastContactAgeMs: number;
  /** What it is recovering from; undefined while all is well. */
  readonly lastError: Error | undefined;
}

/** A running issuer as the probes see it. */
export interface IssuerHealth {
  readonly watches: readonly WatchHealth[];
  /** Whether it has been asked to stop. */
  readonly draining: boolean;
}
