import type { IssuerDefinition, IssuerKind } from "../definition/define-issuer.ts";
import { IssuerReconciler } from "../issuer/issuer-reconciler.ts";
import { SecretWatcher } from "../issuer/secret-watcher.ts";
import { applyStatus } from "../kube/apply-status.ts";
import { type Informer, type InformerOptions, startInformer } from "../kube/informer.ts";
import { isKubeApiError } from "../kube/kube-api-error.ts";
import { objectKey } from "../kube/object-key.ts";
import { resourcePath } from "../kube/resource-path.ts";
import type { StoreChange } from "../kube/store.ts";
import type { KubeTransport } from "../kube/transport.ts";
import type { CertificateRequest, IssuerObject, KubeObject, ResourceType } from "../kube/types.ts";
import type { Lifecycle } from "../lifecycle/lifecycle.ts";
import { systemScheduler } from "../queue/scheduler.ts";
import { WorkQueue } from "../queue/work-queue.ts";
import { findCondition, isTrue } from "../request/condition.ts";
import { assertLegalStatus } from "../request/legal-status.ts";
import { issuerKeyText, matchIssuer } from "../request/match-issuer.ts";
import { RequestReconciler } from "../request/request-reconciler.ts";
import { isFinished, trimRequest } from "../request/trim-request.ts";
import { wakesRequest } from "../request/wakes-request.ts";
import { certificateRequests, issuerResource } from "./resource-types.ts";
import { type ServeOptions, serveSettings } from "./serve-options.ts";

/** What {@link serveDefinition} needs beside its options. */
export interface ServeContext {
  readonly transport: KubeTransport;
  readonly lifecycle: Lifecycle;
  readonly userAgent: string;
}

/** One definition being served. */
export interface ServedDefinition {
  /** Resolves when every cache has its first complete list and work has begun. */
  readonly synced: Promise<void>;
  /** Ends the watches, waits for running work, closes the signers. */
  stop(): Promise<void>;
}

interface IssuerTarget {
  readonly kind: IssuerKind;
  readonly namespace: string;
  readonly name: string;
}

/** Wires watches, queues and reconcilers of one definition together. */
export function serveDefinition(
  definition: IssuerDefinition,
  { transport, lifecycle, userAgent }: ServeContext,
  options: ServeOptions,
): ServedDefinition {
  const settings = serveSettings(options);
  const fieldManager = definition.group;
  const clock = () => Date.now();
  const issuers = new Map<string, Informer<IssuerObject>>();
  const targets = new Map<string, IssuerTarget>();

  function watch<T extends KubeObject>(type: ResourceType, more: Partial<InformerOptions<T>>): Informer<T> {
    const where = `watch of ${type.plural}.${type.group}`;
    return startInformer<T>({
      transport,
      type,
      ...more,
      onTrouble: ({ error }) => lifecycle.announce("trouble", { where, error }),
    });
  }

  const issuerOf = ({ kind, namespace, name }: IssuerTarget) =>
    issuers.get(kind.kind)?.store.get(namespace === "" ? name : `${namespace}/${name}`);

  const secretWatcher = new SecretWatcher({
    transport,
    onChange: (owner) => issuerQueue.add(owner),
    firstLookMs: settings.checkTimeoutMs,
  });

  const issuerReconciler = new IssuerReconciler({
    definition,
    lifecycle,
    userAgent,
    clusterResourceNamespace: settings.clusterResourceNamespace,
    checkTimeoutMs: settings.checkTimeoutMs,
    clock,
    ports: {
      issuer: (kind, namespace, name) => issuerOf({ kind, namespace, name }),
      secrets: (owner, namespace, names) => secretWatcher.read(owner, namespace, names),
      applyStatus: async (kind, object, status, signal) => {
        await applyStatus(transport, {
          type: issuerResource(definition, kind),
          object,
          status,
          fieldManager,
          signal,
        });
      },
    },
  });

  const issuerQueue = new WorkQueue({
    concurrency: settings.maxConcurrentSigns,
    paused: true,
    // Below a minute, so that an issuer whose PKI has come back is Ready within one.
    backoff: { initialMs: 500, maxMs: 45_000 },
    onError: (error, key) => lifecycle.announce("trouble", { where: `issuer ${key}`, error }),
    async process(key, signal) {
      const target = targets.get(key);
      if (target === undefined) return;
      const next = await issuerReconciler.reconcile(key, target.kind, target.namespace, target.name, signal);
      if (next === "retry") issuerQueue.addRateLimited(key);
      // Jitter, so that the issuers of one PKI do not all ask at the same moment for ever.
      if (next === "settled")
        issuerQueue.addAfter(key, settings.checkIntervalMs * (0.9 + 0.2 * Math.random()));
      if (next === "gone") targets.delete(key);
      // Ready by its condition and connected: requests that waited for the connection may go on.
      const issuer = issuerOf(target);
      if (issuer !== undefined && isTrue(issuer.status?.conditions, "Ready")) wakeRequests(key);
    },
  });

  const requests = watch<CertificateRequest>(certificateRequests, {
    fieldSelector: `spec.issuerRef.group=${definition.group}`,
    matches: ({ spec }) => spec.issuerRef.group === definition.group,
    transform: trimRequest,
    indexes: {
      openByIssuer: (request) => {
        const issuer = isFinished(request) ? undefined : matchIssuer(definition, request);
        return issuer === undefined ? [] : [issuerKeyText(issuer.kind.kind, issuer.namespace, issuer.name)];
      },
    },
  });

  const requestReconciler = new RequestReconciler({
    definition,
    lifecycle,
    signTimeoutMs: settings.signTimeoutMs,
    retryForMs: settings.retryForMs,
    publishCa: settings.publishCa,
    possibleDuplicate: settings.possibleDuplicate,
    clock,
    scheduler: systemScheduler,
    ports: {
      request: (key) => requests.store.get(key),
      issuer: issuerOf,
      connection: (key, issuer) => issuerReconciler.connection(key, issuer),
      reportIssuer: (key, error) => {
        issuerReconciler.report(key, error);
        issuerQueue.add(key);
      },
      fence: () => {},
      reread: ({ metadata }, signal) => getRequest(transport, metadata, signal),
      applyStatus: async (object, status, signal) => {
        const type = certificateRequests;
        assertLegalStatus(status);
        return applyStatus<CertificateRequest>(transport, { type, object, status, fieldManager, signal });
      },
    },
  });

  const requestQueue = new WorkQueue({
    concurrency: settings.maxConcurrentSigns,
    paused: true,
    onError: (error, key) => lifecycle.announce("trouble", { where: `request ${key}`, error }),
    async process(key, signal) {
      const next = await requestReconciler.reconcile(key, signal);
      if (next.kind === "again") requestQueue.addAfter(key, next.afterMs);
    },
  });

  function wakeRequests(issuerKey: string): void {
    for (const request of requests.store.byIndex("openByIssuer", issuerKey)) {
      requestQueue.add(objectKey(request), { priority: "low" });
    }
  }

  requests.store.onChange(({ type, object, previous, listed }) => {
    const key = objectKey(object);
    if (type === "deleted") requestReconciler.forget(key);
    else if (wakesRequest(definition.group, object, previous))
      requestQueue.add(key, { priority: listed ? "low" : "normal" });
  });

  function issuerChanged(kind: IssuerKind, { type, object, previous }: StoreChange<IssuerObject>): void {
    const target = { kind, namespace: object.metadata.namespace ?? "", name: object.metadata.name };
    const key = issuerKeyText(kind.kind, target.namespace, target.name);
    targets.set(key, target);
    if (type !== "updated" || needsLook(object, previous)) issuerQueue.add(key);
    if (type !== "updated" || readyChanged(object, previous)) wakeRequests(key);
  }

  for (const kind of definition.kinds) {
    const informer = watch<IssuerObject>(issuerResource(definition, kind), {});
    issuers.set(kind.kind, informer);
    informer.store.onChange((change) => issuerChanged(kind, change));
  }

  const informers = [requests, ...issuers.values()];
  const synced = Promise.all(informers.map((informer) => informer.synced)).then(() => {
    // Before every cache is complete a missing issuer only means that it has not been seen yet.
    issuerQueue.resume();
    requestQueue.resume();
  });
  synced.catch(() => {});

  return {
    synced,
    async stop() {
      await Promise.all(informers.map((informer) => informer.stop()));
      const { drainMs } = settings;
      await Promise.all([requestQueue.stop({ drainMs }), issuerQueue.stop({ drainMs })]);
      await Promise.all([secretWatcher.stop(), issuerReconciler.stop()]);
    },
  };
}

/** The request as the API server has it; undefined when it is gone, also when another one has taken its name. */
async function getRequest(
  transport: KubeTransport,
  { namespace, name, uid }: CertificateRequest["metadata"],
  signal: AbortSignal,
): Promise<CertificateRequest | undefined> {
  try {
    const path = resourcePath(certificateRequests, { namespace, name });
    const request = await transport.request<CertificateRequest>({ path, signal });
    return request.metadata.uid === uid ? request : undefined;
  } catch (error) {
    if (isKubeApiError(error, 404)) return undefined;
    throw error;
  }
}

/** A new spec, or a changed annotation, which is how people ask for a new look. */
function needsLook(object: IssuerObject, previous: IssuerObject | undefined): boolean {
  return (
    object.metadata.generation !== previous?.metadata.generation ||
    object.metadata.deletionTimestamp !== previous?.metadata.deletionTimestamp ||
    JSON.stringify(object.metadata.annotations) !== JSON.stringify(previous?.metadata.annotations)
  );
}

function readyChanged(object: IssuerObject, previous: IssuerObject | undefined): boolean {
  const now = findCondition(object.status?.conditions, "Ready");
  const before = findCondition(previous?.status?.conditions, "Ready");
  return now?.status !== before?.status || now?.observedGeneration !== before?.observedGeneration;
}
