import { issuerLabelNames } from "./issuer-series.ts";
import type { MetricContext } from "./metric-context.ts";

const conditions = ["True", "False", "Unknown"] as const;
const circuitStates = ["closed", "half-open", "open"] as const;

/** Whether issuers are ready, how their PKIs answer, and what expires when. */
export function pkiMetrics({ prom, registry, series, on }: MetricContext): void {
  const registers = [registry];
  const ready = new prom.Gauge({
    name: "countersign_issuer_ready_status",
    help: "Ready condition of the issuer: 1 for the condition that holds, 0 for the others.",
    labelNames: [...issuerLabelNames, "condition"],
    registers,
  });
  const requests = new prom.Counter({
    name: "countersign_pki_requests_total",
    help: "HTTP exchanges with the PKI, by status code or by what went wrong in place of an answer.",
    labelNames: [...issuerLabelNames, "code"],
    registers,
  });
  const circuits = new prom.Gauge({
    name: "countersign_circuit_state",
    help: "Circuit breaker of a PKI endpoint: 1 for the state it is in, 0 for the others.",
    labelNames: [...issuerLabelNames, "endpoint", "state"],
    registers,
  });
  const credentials = new prom.Gauge({
    name: "countersign_credential_expiry_timestamp_seconds",
    help: "When a credential of the issuer expires, in seconds since the epoch.",
    labelNames: [...issuerLabelNames, "credential"],
    registers,
  });
  const caNotAfter = new prom.Gauge({
    name: "countersign_ca_not_after_timestamp_seconds",
    help: "When the first CA of the chain that was issued last expires, in seconds since the epoch.",
    labelNames: issuerLabelNames,
    registers,
  });

  const setReady = (issuer: Parameters<typeof series.has>[0], holds: (typeof conditions)[number]) => {
    // A status of many issuers together would say nothing of any.
    if (!series.has(issuer)) return;
    for (const condition of conditions)
      ready.set(series.labels(ready, issuer, { condition }), condition === holds ? 1 : 0);
  };
  on("issuer:added", ({ issuer }) => setReady(issuer, "Unknown"));
  on("issuer:checked", ({ issuer, ready: isReady }) => setReady(issuer, isReady ? "True" : "False"));
  on("pki:exchanged", ({ issuer, code }) =>
    requests.inc(series.labels(requests, issuer, {}, { code: String(code) })),
  );
  on("pki:circuit", ({ issuer, endpoint, state: now }) => {
    if (!series.has(issuer)) return;
    for (const state of circuitStates) {
      if (now === undefined) series.drop(circuits, issuer, { state }, { endpoint });
      else circuits.set(series.labels(circuits, issuer, { state }, { endpoint }), state === now ? 1 : 0);
    }
  });
  on("pki:credential", ({ issuer, credential, expiresMs }) => {
    if (!series.has(issuer)) return;
    if (expiresMs === undefined) series.drop(credentials, issuer, {}, { credential });
    else credentials.set(series.labels(credentials, issuer, {}, { credential }), expiresMs / 1000);
  });
  on("request:signed", ({ issuer, caNotAfterMs }) => {
    if (caNotAfterMs === undefined || !series.has(issuer)) return;
    caNotAfter.set(series.labels(caNotAfter, issuer), caNotAfterMs / 1000);
  });
}
