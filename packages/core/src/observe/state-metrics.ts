import { issuerLabelNames } from "./issuer-series.ts";
import type { IssuerState } from "./issuer-state.ts";
import type { LookedAt, MetricContext } from "./metric-context.ts";

/** What is looked at when it is asked for: backlogs, queues, watches, leadership. */
export function stateMetrics({ prom, registry, series, state, clock }: MetricContext): LookedAt {
  const gauge = (name: string, help: string, labelNames: readonly string[] = []) =>
    new prom.Gauge({ name: `countersign_${name}`, help, labelNames: [...labelNames], registers: [registry] });
  const pending = gauge(
    "requests_pending",
    "Approved requests that are neither issued nor failed.",
    issuerLabelNames,
  );
  const oldest = gauge(
    "oldest_pending_seconds",
    "Age of the oldest pending request since its approval.",
    issuerLabelNames,
  );
  const unapproved = gauge(
    "requests_unapproved",
    "Requests that were neither approved nor denied.",
    issuerLabelNames,
  );
  const depth = gauge("queue_depth", "Keys that are ready and wait for a worker.", ["queue"]);
  const queueAge = gauge("queue_oldest_age_seconds", "How long the oldest ready key has waited.", ["queue"]);
  const contact = gauge(
    "watch_last_contact_age_seconds",
    "Time since the API server last showed itself alive.",
    ["resource"],
  );
  const leader = gauge("leader", "1 while this process may call PKIs, else 0.");
  const all = [pending, oldest, unapproved, depth, queueAge, contact];

  function set({ leading, backlogs, queues, watches }: IssuerState): void {
    leader.set(leading ? 1 : 0);
    const shown = new Map<string, number>();
    for (const { issuer, ...backlog } of backlogs) {
      const labels = series.labels(pending, issuer);
      pending.inc(labels, backlog.pending);
      unapproved.inc(labels, backlog.unapproved);
      // Issuers without series of their own share one: the oldest of them all counts.
      const key = JSON.stringify(labels);
      const age = Math.max(0, clock() - (backlog.oldestPendingMs ?? clock())) / 1000;
      const seconds = Math.max(age, shown.get(key) ?? 0);
      shown.set(key, seconds);
      oldest.set(labels, seconds);
    }
    for (const { name, depth: keys, oldestAgeMs } of queues) {
      depth.set({ queue: name }, keys);
      queueAge.set({ queue: name }, oldestAgeMs / 1000);
    }
    // Several definitions watch the same resource: the watch that lags most counts.
    const lagging = [...watches].sort((a, b) => a.lastContactAgeMs - b.lastContactAgeMs);
    for (const { resource, lastContactAgeMs } of lagging) contact.set({ resource }, lastContactAgeMs / 1000);
  }
  return {
    refresh() {
      for (const each of all) each.reset();
      const now = state();
      if (now === undefined) leader.set(0);
      else set(now);
    },
    close: () => {},
  };
}
