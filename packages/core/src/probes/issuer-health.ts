import type { WatchState } from "../observe/issuer-state.ts";

/** A watch at one moment, and how well it is. */
export interface WatchHealth extends WatchState {
  /** Whether its cache has been complete once. */
  readonly synced: boolean;
  /** What it is recovering from; undefined while all is well. */
  readonly lastError: Error | undefined;
}

/** A running issuer as the probes see it. */
export interface IssuerHealth {
  readonly watches: readonly WatchHealth[];
  /**
   * The watches of the single Secrets and ConfigMaps that issuers name. They come and go with issuers, and what is wrong
   * with one of them is one issuer's trouble: they say nothing of readiness.
   */
  readonly references: readonly WatchHealth[];
  /** Whether it has been asked to stop. */
  readonly draining: boolean;
}
