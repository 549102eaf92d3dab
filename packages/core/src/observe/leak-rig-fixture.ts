import {
  buildCsr,
  issued,
  newPrivateKey,
  type Signer,
  type SignerCondition,
} from "@countersign/issuer-signer";
import { secretKeyRef } from "@countersign/issuer-signer/spec";
import { pino } from "pino";
import { z } from "zod";
import { defineIssuer } from "../definition/define-issuer.ts";
import { IssuerReconciler } from "../issuer/issuer-reconciler.ts";
import { noServiceAccountTokens } from "../issuer/service-account-tokens.ts";
import type { EventRecorder } from "../kube/event-recorder.ts";
import type { CertificateRequest, IssuerObject, Secret } from "../kube/types.ts";
import { recordKubeEvents } from "../lifecycle/kube-events.ts";
import { Lifecycle } from "../lifecycle/lifecycle.ts";
import { logLifecycle } from "../lifecycle/log-lifecycle.ts";
import { systemScheduler } from "../queue/scheduler.ts";
import { matchIssuer } from "../request/match-issuer.ts";
import { approved, group, now, readyIssuer, requestWith } from "../request/request-fixtures.ts";
import { RequestReconciler } from "../request/request-reconciler.ts";
import type { RequestStatus } from "../request/request-status.ts";
import { auditLog } from "./audit-log.ts";
import { issuerMetrics } from "./metrics.ts";

/** Where a secret may be let slip: each is given the text and does the worst with it. */
export interface Slip {
  readonly connect?: () => void;
  readonly check?: () => void;
  readonly sign?: Signer<unknown>["sign"];
  readonly find?: NonNullable<Signer<unknown>["find"]>;
  readonly close?: () => void;
  /** The status write of the request. */
  readonly apply?: () => void;
  /** The status write of the issuer. */
  readonly applyIssuer?: () => void;
  /** A listener of a user. */
  readonly listener?: () => void;
}

/** Everything that people can see, as one text each. */
export interface Seen {
  readonly log: string;
  readonly events: string;
  readonly statuses: string;
  readonly metrics: string;
  readonly audit: string;
}

const csr = buildCsr({
  key: newPrivateKey({ name: "EC", curve: "P-256" }),
  commonName: "web",
  dnsNames: ["web.example.com"],
});

/** Leads one issuer and one request along their way with everything at its most talkative, and collects what is seen. */
export async function everythingSeen(slip: Slip, secretValue: string): Promise<Seen> {
  const seen = { log: "", events: "", statuses: "", audit: "" };
  const lifecycle = new Lifecycle();
  const stream = {
    write(line: string) {
      seen.log += line;
    },
  };
  const definition = defineIssuer({
    group,
    version: "v1alpha1",
    kinds: { namespaced: "AcmeIssuer" },
    spec: z.object({ ref: secretKeyRef({ defaultKey: "token" }) }),
    secrets: (spec) => ({ token: spec.ref }),
    operation: z.object({ id: z.string() }),
    connect(): Signer<{ id: string }> {
      slip.connect?.();
      const { sign, find } = slip as { sign?: Signer<{ id: string }>["sign"]; find?: typeof slip.find };
      return {
        check: async () => slip.check?.(),
        close: async () => slip.close?.(),
        sign: sign ?? (async () => issued({ chain: "" })),
        ...(find && { find: find as NonNullable<Signer<{ id: string }>["find"]> }),
      };
    },
  });
  const metrics = await issuerMetrics(lifecycle);
  const sink = {
    async write(text: string) {
      seen.audit += text;
    },
    async reopen() {},
    async close() {},
  };
  const audit = auditLog(lifecycle, { sink, instance: "pod", clock: () => now });
  logLifecycle(lifecycle, pino({ level: "trace" }, stream));
  const recorder = {
    record(_: unknown, occurrence: unknown) {
      seen.events += JSON.stringify(occurrence);
    },
  } as EventRecorder;
  recordKubeEvents(lifecycle, recorder, definition);
  if (slip.listener !== undefined) lifecycle.on("request:signing", slip.listener);

  let time = now;
  const issuer: IssuerObject = { ...readyIssuer, spec: { ref: { name: "acme" } } };
  const base = requestWith([approved]);
  let request: CertificateRequest = {
    ...base,
    spec: { ...base.spec, username: "alice", request: Buffer.from(await csr).toString("base64") },
  };
  const secret: Secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "acme", uid: "s", resourceVersion: "1", creationTimestamp: "2026-05-01T00:00:00Z" },
    data: { token: Buffer.from(secretValue).toString("base64") },
  };
  const issuers = new IssuerReconciler({
    definition,
    lifecycle,
    clusterResourceNamespace: "x",
    checkTimeoutMs: 1_000,
    userAgent: "test",
    http: {},
    clock: () => now,
    ports: {
      issuer: () => issuer,
      ignores: async () => false,
      secrets: async () => new Map([["acme", secret]]),
      configMaps: async () => new Map(),
      tokens: () => noServiceAccountTokens,
      refreshSecrets: async () => {},
      saveSecret: () => Promise.reject(new Error("not used")),
      applyStatus: async (_, __, status) => {
        slip.applyIssuer?.();
        seen.statuses += JSON.stringify(status);
        return issuer;
      },
    },
  });
  const requests = new RequestReconciler({
    definition,
    lifecycle,
    scheduler: systemScheduler,
    signTimeoutMs: 1_000,
    limits: { retryForMs: 86_400_000, pendingForMs: 86_400_000 },
    rules: { publishCa: true, excess: "refuse", maxBackdateMs: 86_400_000 },
    possibleDuplicate: "sign",
    clock: () => time,
    ignored: new Set(),
    ports: {
      request: () => request,
      match: (each) => matchIssuer(definition, each),
      authorize: async () => {},
      enter: () => ({ leave: () => {} }),
      issuer: () => issuer,
      ignores: async () => false,
      connection: (key, each) => issuers.connection(key, each),
      reportIssuer: (key, error, connection) => issuers.report(key, error, connection),
      backsOff: () => {},
      fence: () => {},
      reread: async () => request,
      async applyStatus(each, status: RequestStatus) {
        slip.apply?.();
        seen.statuses += JSON.stringify(status);
        request = { ...each, status: { ...status, conditions: [approved, ...status.conditions] } };
        return request;
      },
    },
  });
  const [kind] = definition.kinds;
  const { signal } = new AbortController();
  const identity = { group, kind: "AcmeIssuer", namespace: "team", name: "acme" };
  lifecycle.announce("issuer:added", { issuer: identity, uid: "uid-i" });
  // As a queue does: what a run throws is trouble of the machinery.
  const run = async (where: string, work: () => Promise<unknown>) => {
    await work().catch((error) => lifecycle.announce("trouble", { where, error }));
  };
  const key = "AcmeIssuer/team/acme";
  for (let look = 0; look < 3; look += 1) {
    // Past every back-off.
    time += 3_600_000;
    if (kind !== undefined) {
      await run(`issuer ${key}`, () => issuers.reconcile(key, kind, "team", "acme", signal));
    }
    await run("request team/web-1", () => requests.reconcile("team/web-1", signal, (call) => call()));
  }
  await issuers.stop();
  await audit.stop();
  const text = await metrics.text();
  metrics.close();
  return { ...seen, metrics: text };
}

/** A condition that says the text. */
export function conditionSaying(message: string): SignerCondition {
  return { type: "Review", status: "False", reason: "Waiting", message };
}
