import { connectionTo, type KubeConnection, type Secret } from "@countersign/issuer-core";
import { KubeTransport, pause, type Scheduler, systemScheduler } from "@countersign/issuer-core/kube";
import type { Certificate } from "./certificate.ts";
import { findCondition } from "./condition.ts";
import { certificateType, KubeObjects, type ObjectName, secretType } from "./kube-objects.ts";

/** The API server to ask: a connection, or an embedded Kubernetes API itself. */
export type ApiAddress = KubeConnection | { readonly url: string; readonly adminToken: string };

/** Options of {@link waitForReady}. */
export interface WaitForReadyOptions {
  /** How long to wait, in milliseconds; 30 s unless given. */
  readonly timeoutMs?: number | undefined;
  /** Waits for a revision of at least this, such as 2 for a first renewal. */
  readonly revision?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly scheduler?: Scheduler | undefined;
}

/** The PEM texts of a Certificate's Secret. */
export interface IssuedSecret {
  readonly "tls.crt": string;
  readonly "tls.key": string;
  readonly "ca.crt": string | undefined;
}

const defaultTimeoutMs = 30_000;
const pollMs = 50;

/**
 * Waits until a Certificate is Ready for the spec that it has now. Rejects with an Error that holds the last condition
 * texts when the time is over, and with the signal's reason when it aborts.
 */
export async function waitForReady(
  api: ApiAddress,
  certificate: ObjectName,
  options: WaitForReadyOptions = {},
): Promise<IssuedSecret> {
  const { timeoutMs = defaultTimeoutMs, scheduler = systemScheduler, signal, revision = 1 } = options;
  const connection = "url" in api ? connectionTo({ server: api.url, token: api.adminToken }) : api;
  const transport = new KubeTransport({ connection, userAgent: "countersign-wait-for-ready", scheduler });
  const kube = new KubeObjects(transport, "countersign-wait-for-ready");
  const deadline = scheduler.monotonic() + timeoutMs;
  try {
    for (;;) {
      const seen = await kube.get<Certificate>(certificateType, certificate);
      const secret = seen && isReady(seen, revision) ? await readSecret(kube, seen) : undefined;
      if (secret !== undefined) return secret;
      if (scheduler.monotonic() >= deadline) throw new Error(notReady(certificate, seen, timeoutMs));
      await pause(scheduler, pollMs, signal);
      signal?.throwIfAborted();
    }
  } finally {
    transport.close();
  }
}

function isReady({ metadata, status }: Certificate, revision: number): boolean {
  const ready = findCondition(status?.conditions, "Ready");
  return (
    ready?.status === "True" &&
    ready.observedGeneration === metadata.generation &&
    (status?.revision ?? 0) >= revision
  );
}

async function readSecret(
  kube: KubeObjects,
  { metadata, spec }: Certificate,
): Promise<IssuedSecret | undefined> {
  const secret = await kube.get<Secret>(secretType, { namespace: metadata.namespace, name: spec.secretName });
  const text = (key: string) => {
    const value = secret?.data?.[key];
    return value === undefined ? undefined : Buffer.from(value, "base64").toString("utf8");
  };
  const [certificate, key] = [text("tls.crt"), text("tls.key")];
  if (certificate === undefined || key === undefined) return undefined;
  return { "tls.crt": certificate, "tls.key": key, "ca.crt": text("ca.crt") };
}

function notReady({ namespace, name }: ObjectName, seen: Certificate | undefined, timeoutMs: number): string {
  const conditions = (seen?.status?.conditions ?? []).map(
    ({ type, status, reason, message }) => `${type}=${status} (${reason}): ${message}`,
  );
  const state = seen === undefined ? "it does not exist" : conditions.join("; ") || "it has no conditions";
  return `Certificate ${namespace}/${name} is not Ready after ${timeoutMs / 1000} s: ${state}`;
}
