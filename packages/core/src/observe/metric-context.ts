import type { Registry } from "prom-client";
import type { IssuerSeries } from "./issuer-series.ts";
import type { IssuerState } from "./issuer-state.ts";
import type { Listeners } from "./listeners.ts";

/** What every group of metrics is made from. */
export interface MetricContext {
  /** Handed over, since prom-client is loaded only where metrics are on. */
  readonly prom: typeof import("prom-client");
  readonly registry: Registry;
  readonly series: IssuerSeries;
  readonly on: Listeners["on"];
  readonly state: () => IssuerState | undefined;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

/** Metrics that are looked at, not counted. */
export interface LookedAt {
  /** Sets them to what is now. */
  refresh(): void;
  close(): void;
}
