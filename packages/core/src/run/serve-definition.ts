import type { IssuerDefinition } from "../definition/define-issuer.ts";
import type { Informer } from "../kube/informer.ts";
import { objectKey } from "../kube/object-key.ts";
import type { KubeTransport } from "../kube/transport.ts";
import type { KubeObject } from "../kube/types.ts";
import { fencedDefinition } from "../leader/fenced-definition.ts";
import type { Leadership } from "../leader/leadership.ts";
import type { Lifecycle } from "../lifecycle/lifecycle.ts";
import type { IssuerState } from "../observe/issuer-state.ts";
import { requestBacklogs } from "../observe/request-backlogs.ts";
import { tracedDefinition } from "../observe/traced-definition.ts";
import type { Trace } from "../observe/tracing.ts";
import type { IssuerHealth } from "../probes/issuer-health.ts";
import type { WorkQueue } from "../queue/work-queue.ts";
import { BackoffRecall, recallAtSignsOfLife } from "../request/backoff-recall.ts";
import type { IssuerSlots } from "../request/issuer-slots.ts";
import { certificateRequestSource } from "./certificate-request-source.ts";
import type { ServeContext } from "./serve-context.ts";
import { serveIssuers } from "./serve-issuers.ts";
import { type ServeOptions, serveSettings } from "./serve-options.ts";
import { openRequests, type RequestSource, serveRequests } from "./serve-requests.ts";
import { signingRequestSource } from "./signing-request-source.ts";

/** An informer of whatever type, as far as it is the same for all. */
type Watch = Pick<Informer<KubeObject>, "synced" | "lastContactAgeMs" | "lastError" | "stop"> & {
  readonly store: { readonly hasSynced: boolean };
};

/** What {@link serveDefinition} needs beside its options. */
export interface ServeDefinitionContext {
  readonly transport: KubeTransport;
  readonly lifecycle: Lifecycle;
  readonly userAgent: string;
  readonly leadership: Leadership;
  /** Shared by all definitions of the process. */
  readonly slots: IssuerSlots;
  readonly trace: Trace;
}

/** One definition being served. */
export interface ServedDefinition {
  /** Resolves when every cache has its first complete list. Work begins then, or when this process becomes the leader. */
  readonly synced: Promise<void>;
  /** What it is like now. */
  state(): Omit<IssuerState, "leading">;
  /** The watches alone, which cost next to nothing to look at. */
  watches(): Pick<IssuerHealth, "watches" | "references">;
  /** Ends the watches, waits for running work, closes the signers. */
  stop(): Promise<void>;
}

/**
 * Wires watches, queues and reconcilers of one definition together. The watches run on every replica, so that a new leader
 * begins at once; the queues run on the leader alone.
 */
export function serveDefinition(
  definition: IssuerDefinition,
  { transport, lifecycle, userAgent, leadership, slots, trace }: ServeDefinitionContext,
  options: ServeOptions,
): ServedDefinition {
  const settings = serveSettings(options);
  const clock = () => Date.now();
  const recall = new BackoffRecall();
  const signsOfLife = recallAtSignsOfLife(lifecycle, recall);
  const context: ServeContext = {
    transport,
    lifecycle,
    userAgent,
    settings,
    leadership,
    slots,
    recall,
    trace,
    clock,
  };
  const { group } = definition;
  const issuers = serveIssuers(tracedDefinition(fencedDefinition(definition, leadership), trace), context);
  const informers = new Map<string, Watch>();
  const queues = new Map<string, WorkQueue>([[`issuers of ${group}`, issuers.queue]]);
  const backlogs: (() => ReturnType<typeof openRequests>)[] = [];
  for (const [at, informer] of issuers.informers.entries())
    informers.set(`${definition.kinds[at]?.plural}.${group}`, informer);
  function serve<T extends KubeObject>(source: RequestSource<T>): void {
    informers.set(source.resource, source.informer);
    const ignored = new Set<string>();
    const queue = serveRequests(definition, context, issuers, source, ignored);
    queues.set(`${source.resource} of ${group}`, queue);
    backlogs.push(() => openRequests(source).filter(([request]) => !ignored.has(objectKey(request))));
  }
  serve(certificateRequestSource(definition, context));
  if (settings.kubernetesSigningRequests && settings.namespaces === undefined)
    serve(signingRequestSource(definition, context));
  let complete = false;
  const work = () => {
    for (const queue of queues.values()) {
      // Before every cache is complete a missing issuer only means that it has not been seen yet.
      if (complete && leadership.isLeader) queue.resume();
      else queue.pause();
    }
  };
  leadership.onChange(work);
  const synced = Promise.all([...informers.values()].map((informer) => informer.synced)).then(() => {
    complete = true;
    work();
  });
  synced.catch(() => {});
  const watches = () =>
    [...informers].map(([resource, { store, lastContactAgeMs, lastError }]) => ({
      resource,
      synced: store.hasSynced,
      lastContactAgeMs,
      lastError,
    }));
  return {
    synced,
    state: () => ({
      backlogs: requestBacklogs(
        group,
        backlogs.flatMap((open) => open()),
      ),
      queues: [...queues].map(([name, { depth, oldestAgeMs }]) => ({ name, depth, oldestAgeMs })),
      watches: [...watches(), ...issuers.references()],
    }),
    watches: () => ({ watches: watches(), references: issuers.references() }),
    async stop() {
      const { drainMs } = settings;
      const drained = [...queues.values()].map((queue) => queue.stop({ drainMs }));
      await Promise.all([...drained, ...[...informers.values()].map((informer) => informer.stop())]);
      await issuers.close();
      signsOfLife.close();
    },
  };
}
