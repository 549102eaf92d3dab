import type { IssuerDefinition } from "../definition/define-issuer.ts";
import type { Informer } from "../kube/informer.ts";
import { objectKey } from "../kube/object-key.ts";
import type { CertificateRequest, KubeObject } from "../kube/types.ts";
import { type Work, whileLeading } from "../leader/while-leading.ts";
import { systemScheduler } from "../queue/scheduler.ts";
import { WorkQueue } from "../queue/work-queue.ts";
import { assertLegalStatus } from "../request/legal-status.ts";
import type { IssuerKey } from "../request/match-issuer.ts";
import { RequestReconciler } from "../request/request-reconciler.ts";
import type { RequestStatus } from "../request/request-status.ts";
import { isFinished } from "../request/trim-request.ts";
import { wakesRequest } from "../request/wakes-request.ts";
import { ignoresRequest } from "./ignore-hooks.ts";
import type { ServeContext } from "./serve-context.ts";
import type { ServedIssuers } from "./serve-issuers.ts";

/** Name of the index of a source's informer: keys of issuers, for requests that are not finished. */
export const openByIssuer = "openByIssuer";

/** One kind of request object, and how it is read and written. */
export interface RequestSource<T extends KubeObject> {
  /** Plural and group, such as `certificaterequests.cert-manager.io`. */
  readonly resource: string;
  /** Has the index {@link openByIssuer}. */
  readonly informer: Informer<T>;
  /** The object as a CertificateRequest; undefined when it is none of ours. */
  view(object: T): CertificateRequest | undefined;
  match(request: CertificateRequest): IssuerKey | undefined;
  /** @throws PermanentError when the requester may not use the issuer */
  authorize(request: CertificateRequest, issuer: IssuerKey, signal: AbortSignal): Promise<void>;
  /** Past the cache; undefined when the object is gone. */
  reread(request: CertificateRequest, signal: AbortSignal): Promise<CertificateRequest | undefined>;
  /** Resolves to the request after the write; undefined when the object is gone. */
  write(
    request: CertificateRequest,
    status: RequestStatus,
    signal: AbortSignal,
  ): Promise<CertificateRequest | undefined>;
  /** The object was deleted. */
  forget?(object: T): void;
}

/** The requests that are not finished, each with its issuer, whether that exists or not. */
export function openRequests<T extends KubeObject>(
  source: RequestSource<T>,
): (readonly [CertificateRequest, IssuerKey])[] {
  return source.informer.store.list().flatMap((object) => {
    const request = source.view(object);
    const issuer = request && !isFinished(request) ? source.match(request) : undefined;
    return request === undefined || issuer === undefined ? [] : [[request, issuer] as const];
  });
}

/**
 * Leads the requests of one kind along their way. The queue that is returned is paused.
 *
 * @param ignored filled with the keys of open requests that are left alone
 */
export function serveRequests<T extends KubeObject>(
  definition: IssuerDefinition,
  { lifecycle, settings, clock, leadership, slots, recall, trace }: ServeContext,
  issuers: ServedIssuers,
  source: RequestSource<T>,
  ignored: Set<string>,
): WorkQueue {
  const { store } = source.informer;
  const idOf = (name: string) => `${source.resource} of ${definition.group}: ${name}`;
  const reconciler = new RequestReconciler({
    definition,
    lifecycle,
    signTimeoutMs: settings.signTimeoutMs,
    limits: { retryForMs: settings.retryForMs, pendingForMs: settings.pendingForMs },
    rules: {
      publishCa: settings.publishCa,
      excess: settings.excess,
      maxBackdateMs: settings.maxBackdateMs,
    },
    possibleDuplicate: settings.possibleDuplicate,
    clock,
    scheduler: systemScheduler,
    ignored,
    ports: {
      fence: () => leadership.assertHeld(),
      request(key) {
        const object = store.get(key);
        return object && source.view(object);
      },
      match: (request) => source.match(request),
      authorize: (request, issuer, signal) => source.authorize(request, issuer, signal),
      issuer: (key) => issuers.get(key),
      ignores(request, key, signal) {
        const { kind, namespace, name } = key;
        const ref = { group: definition.group, kind: kind.kind, namespace, name };
        return ignoresRequest(settings, { request, ref, issuer: issuers.get(key) }, signal);
      },
      connection: (key, issuer) => issuers.connection(key, issuer),
      enter: (issuer, key, ofIssuer) =>
        slots.enter(`${definition.group} ${issuer}`, idOf(key), () => queue.add(key), ofIssuer),
      reportIssuer: (key, error, connection) => issuers.report(key, error, connection),
      backsOff: (issuer, key) => recall.add(issuer, idOf(key), () => hasten(key)),
      reread: (request, signal) => source.reread(request, signal),
      applyStatus(request, status, signal) {
        assertLegalStatus(status);
        const attributes = { "countersign.request.uid": request.metadata.uid };
        return trace("countersign write status", attributes, () => source.write(request, status, signal));
      },
    },
  });

  const hasten = (key: string) => {
    const afterMs = reconciler.hasten(key);
    if (afterMs !== undefined) queue.addAfter(key, afterMs);
    return afterMs !== undefined;
  };

  const process: Work = async (key, signal, park) => {
    const attributes = { "countersign.request": key };
    const next = await trace("countersign reconcile", attributes, () =>
      reconciler.reconcile(key, signal, park),
    );
    if (next.kind === "again") queue.addAfter(key, next.afterMs);
  };

  const processLeading = whileLeading(leadership, process, (key) => queue.add(key));

  const queue = new WorkQueue({
    concurrency: settings.maxConcurrentSigns,
    paused: true,
    // After trouble with the API server: short enough that its return is not waited out.
    backoff: { initialMs: 250, maxMs: 30_000 },
    onError: (error, key) => lifecycle.announce("trouble", { where: `request ${key}`, error }),
    process: (key, signal, park) => slots.lookAt(idOf(key), () => processLeading(key, signal, park)),
  });

  leadership.onChange((change) => {
    if (!change.leader || change.resumed) return;
    reconciler.beginTerm();
    // The echo of an issuer's writes is no news, and while another led it was the other's.
    for (const [request] of openRequests(source)) queue.add(objectKey(request), { priority: "low" });
  });

  store.onChange(({ type, object, previous, listed }) => {
    const key = objectKey(object);
    // With a finalizer it stays for a while, but there is no way back.
    if (object.metadata.deletionTimestamp !== undefined || type === "deleted") {
      reconciler.forget(key);
      recall.remove(idOf(key));
      if (type === "deleted") source.forget?.(object);
      return;
    }
    const now = source.view(object);
    const before = previous && source.view(previous);
    if (now !== undefined && (ignored.has(key) || wakesRequest(definition.group, now, before))) {
      queue.add(key, { priority: listed ? "low" : "normal" });
    }
  });

  issuers.onWake((issuer) => {
    for (const object of store.byIndex(openByIssuer, issuer))
      queue.add(objectKey(object), { priority: "low" });
  });
  return queue;
}
