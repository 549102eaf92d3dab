import type { IssuerDefinition } from "../definition/define-issuer.ts";
import type { Informer } from "../kube/informer.ts";
import type { KubeTransport } from "../kube/transport.ts";
import type { KubeObject } from "../kube/types.ts";
import type { Lifecycle } from "../lifecycle/lifecycle.ts";
import type { IssuerState } from "../observe/issuer-state.ts";
import { requestBacklogs } from "../observe/request-backlogs.ts";
import type { WorkQueue } from "../queue/work-queue.ts";
import { certificateRequestSource } from "./certificate-request-source.ts";
import type { ServeContext } from "./serve-context.ts";
import { serveIssuers } from "./serve-issuers.ts";
import { type ServeOptions, serveSettings } from "./serve-options.ts";
import { openRequests, type RequestSource, serveRequests } from "./serve-requests.ts";
import { signingRequestSource } from "./signing-request-source.ts";

/** What {@link serveDefinition} needs beside its options. */
export interface ServeDefinitionContext {
  readonly transport: KubeTransport;
  readonly lifecycle: Lifecycle;
  readonly userAgent: string;
  /** @throws NotLeaderError when this process may not call a PKI now; always allowed unless given */
  readonly fence?: (() => void) | undefined;
}

/** One definition being served. */
export interface ServedDefinition {
  /** Resolves when every cache has its first complete list and work has begun. */
  readonly synced: Promise<void>;
  /** What it is like now. */
  state(): Omit<IssuerState, "leading">;
  /** Ends the watches, waits for running work, closes the signers. */
  stop(): Promise<void>;
}

/** Wires watches, queues and reconcilers of one definition together. */
export function serveDefinition(
  definition: IssuerDefinition,
  { transport, lifecycle, userAgent, fence = () => {} }: ServeDefinitionContext,
  options: ServeOptions,
): ServedDefinition {
  const settings = serveSettings(options);
  const context: ServeContext = { transport, lifecycle, userAgent, settings, fence, clock: () => Date.now() };
  const { group } = definition;
  const issuers = serveIssuers(definition, context);
  const informers = new Map<string, Pick<Informer<KubeObject>, "synced" | "lastContactAgeMs" | "stop">>();
  const queues = new Map<string, WorkQueue>([[`issuers of ${group}`, issuers.queue]]);
  const backlogs: (() => ReturnType<typeof openRequests>)[] = [];
  for (const [at, informer] of issuers.informers.entries())
    informers.set(`${definition.kinds[at]?.plural}.${group}`, informer);
  function serve<T extends KubeObject>(resource: string, source: RequestSource<T>): void {
    informers.set(resource, source.informer);
    queues.set(`${resource} of ${group}`, serveRequests(definition, context, issuers, source));
    backlogs.push(() => openRequests(source));
  }
  serve("certificaterequests.cert-manager.io", certificateRequestSource(definition, context));
  if (settings.kubernetesSigningRequests)
    serve("certificatesigningrequests.certificates.k8s.io", signingRequestSource(definition, context));
  const synced = Promise.all([...informers.values()].map((informer) => informer.synced)).then(() => {
    // Before every cache is complete a missing issuer only means that it has not been seen yet.
    for (const queue of queues.values()) queue.resume();
  });
  synced.catch(() => {});
  return {
    synced,
    state: () => ({
      backlogs: requestBacklogs(
        group,
        backlogs.flatMap((open) => open()),
      ),
      queues: [...queues].map(([name, { depth, oldestAgeMs }]) => ({ name, depth, oldestAgeMs })),
      watches: [...informers].map(([resource, { lastContactAgeMs }]) => ({ resource, lastContactAgeMs })),
    }),
    async stop() {
      await Promise.all([...informers.values()].map((informer) => informer.stop()));
      await Promise.all([...queues.values()].map((queue) => queue.stop({ drainMs: settings.drainMs })));
      await issuers.close();
    },
  };
}
