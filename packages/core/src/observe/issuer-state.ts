import type { IssuerRef } from "../lifecycle/lifecycle.ts";

/** The open requests of one issuer. */
export interface IssuerBacklog {
  readonly issuer: IssuerRef;
  /** Approved, and neither issued nor failed. */
  readonly pending: number;
  /** Since when the oldest of them has been approved, in milliseconds since the epoch; undefined when there is none. */
  readonly oldestPendingMs: number | undefined;
  /** Neither approved nor denied. */
  readonly unapproved: number;
}

/** A work queue at one moment. */
export interface QueueState {
  readonly name: string;
  /** Keys that are ready and wait for a worker. */
  readonly depth: number;
  /** How long the oldest of them has waited, in milliseconds. */
  readonly oldestAgeMs: number;
}

/** A watch at one moment. */
export interface WatchState {
  /** Plural and group, such as `certificaterequests.cert-manager.io`. */
  readonly resource: string;
  /** Time since the API server last showed itself alive, in milliseconds. */
  readonly lastContactAgeMs: number;
}

/** What of a running issuer is looked at, not told: for metrics, at each scrape. */
export interface IssuerState {
  /** Whether this process may call PKIs: it holds the lease, or has no rivals. */
  readonly leading: boolean;
  readonly backlogs: readonly IssuerBacklog[];
  readonly queues: readonly QueueState[];
  readonly watches: readonly WatchState[];
}
