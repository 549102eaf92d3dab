import { issuerLabelNames } from "./issuer-series.ts";
import type { MetricContext } from "./metric-context.ts";

/** From a signature by an HSM in the house to the deadline of a call. */
const durationBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

const results = ["issued", "failed", "denied", "retry", "pending"] as const;

/** How requests end, how long signers take, and what may have been issued twice. */
export function requestMetrics({ prom, registry, series, on }: MetricContext): void {
  const registers = [registry];
  const signs = new prom.Counter({
    name: "countersign_sign_total",
    help: "Outcomes written to requests, by result.",
    labelNames: [...issuerLabelNames, "result"],
    registers,
  });
  const duration = new prom.Histogram({
    name: "countersign_sign_duration_seconds",
    help: "Duration of the calls of the signer, verification included, however they ended.",
    labelNames: issuerLabelNames,
    buckets: durationBuckets,
    registers,
  });
  const duplicates = new prom.Counter({
    name: "countersign_possible_duplicates_total",
    help: "Times that a PKI was asked again although it may have issued already.",
    labelNames: issuerLabelNames,
    registers,
  });
  const refused = new prom.Counter({
    name: "countersign_refused_certificates_total",
    help: "Answers of the PKI that were refused because they must not reach the cluster.",
    labelNames: issuerLabelNames,
    registers,
  });

  on("issuer:added", ({ issuer }) => {
    // From zero, or the first increase would be invisible to rate().
    if (!series.has(issuer)) return;
    for (const result of results) signs.inc(series.labels(signs, issuer, { result }), 0);
    duplicates.inc(series.labels(duplicates, issuer), 0);
    refused.inc(series.labels(refused, issuer), 0);
  });
  const count =
    (result: (typeof results)[number]) =>
    ({ issuer }: { readonly issuer: Parameters<typeof series.has>[0] }) =>
      signs.inc(series.labels(signs, issuer, { result }));
  on("request:issued", count("issued"));
  on("request:failed", count("failed"));
  on("request:denied", count("denied"));
  on("request:retrying", count("retry"));
  on("request:pending", count("pending"));
  on("request:answered", ({ issuer, ms, code }) => {
    duration.observe(series.labels(duration, issuer), ms / 1000);
    if (code === "BAD_CERTIFICATE") refused.inc(series.labels(refused, issuer));
  });
  on("request:possibleDuplicate", ({ issuer }) => duplicates.inc(series.labels(duplicates, issuer)));
}
