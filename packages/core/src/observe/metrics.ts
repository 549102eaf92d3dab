import type { Lifecycle } from "../lifecycle/lifecycle.ts";
import { IssuerSeries } from "./issuer-series.ts";
import type { IssuerState } from "./issuer-state.ts";
import { listeners } from "./listeners.ts";
import type { LookedAt, MetricContext } from "./metric-context.ts";
import { pkiMetrics } from "./pki-metrics.ts";
import { processMetrics } from "./process-metrics.ts";
import { requestMetrics } from "./request-metrics.ts";
import { stateMetrics } from "./state-metrics.ts";

/** Options of {@link issuerMetrics}. */
export interface IssuerMetricsOptions {
  /** Looks at the running issuer, at each scrape; undefined while it is not running. */
  readonly state?: (() => IssuerState | undefined) | undefined;
  /** Issuers with series of their own; what is beyond is counted together as `other`. */
  readonly maxIssuers?: number | undefined;
  /** Milliseconds since the epoch. */
  readonly clock?: (() => number) | undefined;
}

/** The defaults. */
export const issuerMetricsDefaults = Object.freeze({
  /** About 35 series each: what one Prometheus takes from one target without notice. */
  maxIssuers: 1_000,
});

/** The metrics of one lifecycle. */
export interface IssuerMetrics {
  /** Of {@link text}. */
  readonly contentType: string;
  /** All metrics as they are now, in the Prometheus text format 0.0.4. */
  text(): Promise<string>;
  /** Listens no longer. */
  close(): void;
}

/**
 * Counts what happens in a lifecycle, in a registry of its own. No label ever comes from a certificate or from what a
 * request may choose freely, and an issuer's series go with it. prom-client is loaded by the first call.
 */
export async function issuerMetrics(
  lifecycle: Lifecycle,
  options: IssuerMetricsOptions = {},
): Promise<IssuerMetrics> {
  const prom = await import("prom-client");
  const { state = () => undefined, clock = Date.now } = options;
  const registry = new prom.Registry();
  const series = new IssuerSeries(options.maxIssuers ?? issuerMetricsDefaults.maxIssuers);
  const { on, close } = listeners(lifecycle);
  const context: MetricContext = { prom, registry, series, on, state, clock };
  const auditLost = new prom.Counter({
    name: "countersign_audit_lines_lost_total",
    help: "Lines of the audit log that could not be written.",
    registers: [registry],
  });

  // First, so that the groups below find the issuer when they hear of it.
  on("issuer:added", ({ issuer }) => series.add(issuer));
  on("audit:lost", ({ lines }) => auditLost.inc(lines));
  requestMetrics(context);
  pkiMetrics(context);
  const looked: readonly LookedAt[] = [stateMetrics(context), processMetrics(context)];
  on("issuer:removed", ({ issuer }) => series.remove(issuer));

  return {
    contentType: registry.contentType,
    text() {
      for (const each of looked) each.refresh();
      return registry.metrics();
    },
    close() {
      close();
      for (const each of looked) each.close();
    },
  };
}
