import { spawnSync } from "node:child_process";
import { afterEach, describe, expect, test } from "vitest";
import { Lifecycle } from "../lifecycle/lifecycle.ts";
import { parseExposition, sampleValue } from "./exposition-fixture.ts";
import type { IssuerState } from "./issuer-state.ts";
import { type IssuerMetrics, type IssuerMetricsOptions, issuerMetrics } from "./metrics.ts";
import { addIssuer, answered, issuerRef, signed, step, written } from "./steps-fixture.ts";

const acme = {
  issuer_group: "pki.example.com",
  issuer_kind: "AcmeIssuer",
  issuer_name: "acme",
  issuer_namespace: "team",
};
const others = { ...acme, issuer_name: "other", issuer_namespace: "other" };

const open: IssuerMetrics[] = [];
afterEach(() => {
  for (const metrics of open.splice(0)) metrics.close();
});

async function setUp(options: IssuerMetricsOptions = {}) {
  const lifecycle = new Lifecycle();
  const metrics = await issuerMetrics(lifecycle, options);
  open.push(metrics);
  const scrape = async () => parseExposition(await metrics.text());
  return { lifecycle, metrics, scrape };
}

/** Everything that can happen to a request of an issuer, once or more. */
function playAll(lifecycle: Lifecycle, issuer = issuerRef()) {
  const at = step(issuer);
  lifecycle.announce("issuer:checked", {
    issuer,
    uid: "i",
    reconcile: 1,
    changed: true,
    ready: true,
    reason: "Checked",
    message: "",
  });
  lifecycle.announce("request:answered", answered({}, at));
  lifecycle.announce("request:signed", signed(at));
  lifecycle.announce("request:issued", written("Issued", "ok", at));
  lifecycle.announce("request:issued", written("Issued", "ok", at));
  lifecycle.announce("request:answered", answered({ ms: 2_000, outcome: "error", code: "RETRYABLE" }, at));
  lifecycle.announce("request:retrying", written("RetryableError", "503", at));
  lifecycle.announce("request:answered", answered({ outcome: "error", code: "BAD_CERTIFICATE" }, at));
  lifecycle.announce("request:pending", written("Pending", "wait", at));
  lifecycle.announce("request:failed", written("PermanentError", "no", at));
  lifecycle.announce("request:denied", written("PermanentError", "denied", at));
  lifecycle.announce("request:possibleDuplicate", written("PossibleDuplicate", "?", at));
  lifecycle.announce("pki:exchanged", {
    issuer,
    method: "POST",
    host: "pki:443",
    ms: 5,
    code: 200,
  });
  lifecycle.announce("pki:exchanged", { issuer, method: "POST", host: "pki:443", ms: 5, code: 503 });
  lifecycle.announce("pki:exchanged", { issuer, method: "POST", host: "pki:443", ms: 5, code: "timeout" });
  lifecycle.announce("pki:circuit", { issuer, endpoint: "pki:443", state: "open" });
  lifecycle.announce("pki:credential", {
    issuer,
    credential: "tls.crt",
    expiresMs: Date.parse("2026-12-01T00:00:00Z"),
  });
}

const state: IssuerState = {
  leading: true,
  backlogs: [{ issuer: issuerRef(), pending: 3, oldestPendingMs: 1_000_000, unapproved: 2 }],
  queues: [{ name: "issuers of pki.example.com", depth: 4, oldestAgeMs: 1_500 }],
  watches: [
    { resource: "certificaterequests.cert-manager.io", lastContactAgeMs: 9_000 },
    { resource: "certificaterequests.cert-manager.io", lastContactAgeMs: 2_000 },
  ],
};

describe("the metrics of an issuer", () => {
  test("count what happened, by issuer and result", async () => {
    const { lifecycle, scrape } = await setUp();
    addIssuer(lifecycle);
    playAll(lifecycle);
    const now = await scrape();
    const signs = (result: string) => sampleValue(now, "countersign_sign_total", { ...acme, result });
    expect(["issued", "failed", "denied", "retry", "pending"].map(signs)).toEqual([2, 1, 1, 1, 1]);
    expect(sampleValue(now, "countersign_sign_duration_seconds_count", acme)).toBe(3);
    expect(sampleValue(now, "countersign_sign_duration_seconds_sum", acme)).toBeCloseTo(2.08);
    expect(sampleValue(now, "countersign_sign_duration_seconds_bucket", { ...acme, le: "0.05" })).toBe(2);
    expect(sampleValue(now, "countersign_possible_duplicates_total", acme)).toBe(1);
    expect(sampleValue(now, "countersign_refused_certificates_total", acme)).toBe(1);
    const codes = (code: string) => sampleValue(now, "countersign_pki_requests_total", { ...acme, code });
    expect(["200", "503", "timeout", "404"].map(codes)).toEqual([1, 1, 1, undefined]);
  });

  test("show readiness in the shape of certmanager_issuer_ready_status", async () => {
    const { lifecycle, scrape } = await setUp();
    addIssuer(lifecycle);
    const ready = async () => {
      const now = await scrape();
      return ["True", "False", "Unknown"].map((condition) =>
        sampleValue(now, "countersign_issuer_ready_status", { ...acme, condition }),
      );
    };
    expect(await ready()).toEqual([0, 0, 1]);
    playAll(lifecycle);
    expect(await ready()).toEqual([1, 0, 0]);
    lifecycle.announce("issuer:checked", {
      issuer: issuerRef(),
      uid: "i",
      reconcile: 2,
      changed: true,
      ready: false,
      reason: "Pending",
      message: "",
    });
    expect(await ready()).toEqual([0, 1, 0]);
  });

  test("show what expires and how the circuits stand", async () => {
    const { lifecycle, scrape } = await setUp();
    addIssuer(lifecycle);
    playAll(lifecycle);
    const now = await scrape();
    expect(sampleValue(now, "countersign_ca_not_after_timestamp_seconds", acme)).toBe(
      Date.parse("2036-01-01T00:00:00Z") / 1000,
    );
    const credential = { ...acme, credential: "tls.crt" };
    expect(sampleValue(now, "countersign_credential_expiry_timestamp_seconds", credential)).toBe(
      Date.parse("2026-12-01T00:00:00Z") / 1000,
    );
    const circuit = (is: string) =>
      sampleValue(now, "countersign_circuit_state", { ...acme, endpoint: "pki:443", state: is });
    expect(["closed", "half-open", "open"].map(circuit)).toEqual([0, 0, 1]);
  });

  test("look at the backlog, the queues, the watches and the lease at each scrape", async () => {
    let now = { ...state };
    const { lifecycle, scrape } = await setUp({ state: () => now, clock: () => 1_060_000 });
    addIssuer(lifecycle);
    const first = await scrape();
    expect(sampleValue(first, "countersign_requests_pending", acme)).toBe(3);
    expect(sampleValue(first, "countersign_requests_unapproved", acme)).toBe(2);
    expect(sampleValue(first, "countersign_oldest_pending_seconds", acme)).toBe(60);
    const queue = { queue: "issuers of pki.example.com" };
    expect(sampleValue(first, "countersign_queue_depth", queue)).toBe(4);
    expect(sampleValue(first, "countersign_queue_oldest_age_seconds", queue)).toBe(1.5);
    // Two definitions watch the same resource: the slower watch counts.
    const resource = { resource: "certificaterequests.cert-manager.io" };
    expect(sampleValue(first, "countersign_watch_last_contact_age_seconds", resource)).toBe(9);
    expect(sampleValue(first, "countersign_leader")).toBe(1);

    now = { ...state, leading: false, backlogs: [] };
    const second = await scrape();
    expect(sampleValue(second, "countersign_requests_pending", acme)).toBeUndefined();
    expect(sampleValue(second, "countersign_leader")).toBe(0);
  });

  test("say that nothing leads while nothing runs", async () => {
    const { scrape } = await setUp({ state: () => undefined });
    const now = await scrape();
    expect(sampleValue(now, "countersign_leader")).toBe(0);
    expect(now.get("countersign_queue_depth")?.samples).toEqual([]);
  });

  test("show the process, and the lag of its event loop", async () => {
    const { scrape } = await setUp();
    await scrape();
    const until = performance.now() + 400;
    await new Promise((done) => setTimeout(done, 120));
    while (performance.now() < until);
    await new Promise((done) => setTimeout(done, 120));
    const now = await scrape();
    expect(sampleValue(now, "countersign_event_loop_lag_seconds")).toBeGreaterThan(0.1);
    expect(sampleValue(now, "process_cpu_seconds_total")).toBeGreaterThan(0.2);
    expect(sampleValue(now, "process_resident_memory_bytes")).toBeGreaterThan(10_000_000);
    const started = sampleValue(now, "process_start_time_seconds") ?? 0;
    expect(Math.abs(started - performance.timeOrigin / 1000)).toBeLessThan(1);
  });

  test("count from zero, so that the first increase of an issuer shows", async () => {
    const { lifecycle, scrape } = await setUp();
    addIssuer(lifecycle);
    const now = await scrape();
    expect(sampleValue(now, "countersign_possible_duplicates_total", acme)).toBe(0);
    expect(sampleValue(now, "countersign_sign_total", { ...acme, result: "failed" })).toBe(0);
  });

  test("drop every series of an issuer that is gone, also what still happens to its requests", async () => {
    const { lifecycle, scrape } = await setUp({ state: () => state });
    const naming = async () =>
      [...(await scrape()).values()]
        .flatMap(({ samples }) => samples)
        .filter(({ labels }) => labels.issuer_name === "acme").length;
    addIssuer(lifecycle);
    playAll(lifecycle);
    expect(await naming()).toBeGreaterThan(30);
    lifecycle.announce("issuer:removed", { issuer: issuerRef(), uid: "i" });
    expect(await naming()).toBe(0);
    playAll(lifecycle);
    expect(await naming()).toBe(0);
    expect(sampleValue(await scrape(), "countersign_sign_total", { ...others, result: "issued" })).toBe(2);
  });

  test("give series of their own to at most N issuers; the rest is counted together", async () => {
    const backlogs = Array.from({ length: 50 }, (_, at) => ({
      issuer: issuerRef(`i-${at}`),
      pending: 1,
      oldestPendingMs: at * 1000,
      unapproved: 0,
    }));
    const { lifecycle, scrape } = await setUp({
      maxIssuers: 10,
      state: () => ({ ...state, backlogs }),
      clock: () => 100_000,
    });
    for (let at = 0; at < 50; at += 1) {
      addIssuer(lifecycle, issuerRef(`i-${at}`));
      playAll(lifecycle, issuerRef(`i-${at}`));
    }
    const now = await scrape();
    for (const [name, { samples }] of now) {
      const issuers = new Set(samples.flatMap(({ labels }) => labels.issuer_name ?? []));
      expect({ name, size: issuers.size }).toEqual({ name, size: Math.min(11, issuers.size) });
    }
    expect(sampleValue(now, "countersign_sign_total", { ...others, result: "issued" })).toBe(80);
    expect(sampleValue(now, "countersign_requests_pending", others)).toBe(40);
    // Of all that share the series, the oldest.
    expect(sampleValue(now, "countersign_oldest_pending_seconds", others)).toBe(90);
    // A status of many issuers together says nothing of any.
    expect(
      sampleValue(now, "countersign_issuer_ready_status", { ...others, condition: "True" }),
    ).toBeUndefined();
  });

  test("make no series from an issuer that a request merely names", async () => {
    const { lifecycle, scrape } = await setUp();
    for (let at = 0; at < 5_000; at += 1) {
      lifecycle.announce(
        "request:denied",
        written("PermanentError", "denied", step(issuerRef(`made-up-${at}`))),
      );
    }
    const now = await scrape();
    expect(now.get("countersign_sign_total")?.samples).toHaveLength(1);
    expect(sampleValue(now, "countersign_sign_total", { ...others, result: "denied" })).toBe(5_000);
  });

  test("bound the codes, endpoints and credentials of one issuer", async () => {
    const { lifecycle, scrape } = await setUp();
    addIssuer(lifecycle);
    for (let at = 0; at < 500; at += 1) {
      const issuer = issuerRef();
      lifecycle.announce("pki:exchanged", { issuer, method: "GET", host: "pki", ms: 1, code: 100 + at });
      lifecycle.announce("pki:circuit", { issuer, endpoint: `pki-${at}:443`, state: "open" });
      lifecycle.announce("pki:credential", { issuer, credential: `c${at}`, expiresMs: at });
    }
    const now = await scrape();
    expect(now.get("countersign_pki_requests_total")?.samples).toHaveLength(33);
    expect(sampleValue(now, "countersign_pki_requests_total", { ...acme, code: "other" })).toBe(500 - 32);
    expect(now.get("countersign_circuit_state")?.samples).toHaveLength(33 * 3);
    expect(now.get("countersign_credential_expiry_timestamp_seconds")?.samples).toHaveLength(33);
  });

  test("of endpoints and credentials go when these are used no more, and come back with them", async () => {
    const { lifecycle, scrape } = await setUp();
    addIssuer(lifecycle);
    const issuer = issuerRef();
    const circuit = (endpoint: string, state: "open" | undefined) =>
      lifecycle.announce("pki:circuit", { issuer, endpoint, state });
    const credential = (name: string, expiresMs: number | undefined) =>
      lifecycle.announce("pki:credential", { issuer, credential: name, expiresMs });
    const shown = async () => {
      const now = await scrape();
      const of = (name: string, label: string) => [
        ...new Set(now.get(`countersign_${name}`)?.samples.map(({ labels }) => labels[label])),
      ];
      return [...of("circuit_state", "endpoint"), ...of("credential_expiry_timestamp_seconds", "credential")];
    };
    for (const endpoint of ["old:443", "new:443"]) circuit(endpoint, "open");
    for (const name of ["cert", "token"]) credential(name, 1_000);
    circuit("old:443", undefined);
    circuit("never:443", undefined);
    credential("cert", undefined);
    expect(await shown()).toEqual(["new:443", "token"]);
    circuit("old:443", "open");
    expect(await shown()).toEqual(["new:443", "old:443", "token"]);
  });

  test("escape label values as the text format asks", async () => {
    const { lifecycle, scrape } = await setUp();
    addIssuer(lifecycle);
    const credential = 'a"b\\c\nd';
    lifecycle.announce("pki:credential", { issuer: issuerRef(), credential, expiresMs: 1_000 });
    expect(
      sampleValue(await scrape(), "countersign_credential_expiry_timestamp_seconds", { credential }),
    ).toBe(1);
  });

  test("have no labels but those of a fixed list", async () => {
    const { lifecycle, scrape } = await setUp({ state: () => state });
    addIssuer(lifecycle);
    playAll(lifecycle);
    const names = [...(await scrape()).values()].flatMap(({ samples }) =>
      samples.flatMap(({ labels }) => Object.keys(labels)),
    );
    expect([...new Set(names)].sort()).toEqual([
      "code",
      "condition",
      "credential",
      "endpoint",
      "issuer_group",
      "issuer_kind",
      "issuer_name",
      "issuer_namespace",
      "le",
      "queue",
      "resource",
      "result",
      "state",
    ]);
  });

  test("of two lifecycles are apart, and end without a trace", async () => {
    const first = await setUp();
    const second = await setUp();
    addIssuer(first.lifecycle);
    playAll(first.lifecycle);
    expect((await second.scrape()).get("countersign_sign_total")?.samples).toEqual([]);
    first.metrics.close();
    expect(first.lifecycle.eventNames()).toEqual([]);
    playAll(first.lifecycle);
    expect(sampleValue(await first.scrape(), "countersign_sign_total", { ...acme, result: "issued" })).toBe(
      2,
    );
  });

  const promtool = process.env.PROMTOOL_BIN ?? "promtool";
  const hasPromtool = spawnSync(promtool, ["--version"]).status === 0;
  test.skipIf(!hasPromtool)("please `promtool check metrics` (skipped without promtool)", async () => {
    const { lifecycle, metrics } = await setUp({ state: () => state });
    addIssuer(lifecycle);
    playAll(lifecycle);
    const { status, stdout, stderr } = spawnSync(promtool, ["check", "metrics"], {
      input: await metrics.text(),
      encoding: "utf8",
    });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "", stderr: "" });
  });
});
