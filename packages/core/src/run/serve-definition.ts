import type { IssuerDefinition } from "../definition/define-issuer.ts";
import type { KubeTransport } from "../kube/transport.ts";
import type { Lifecycle } from "../lifecycle/lifecycle.ts";
import { certificateRequestSource } from "./certificate-request-source.ts";
import type { ServeContext } from "./serve-context.ts";
import { serveIssuers } from "./serve-issuers.ts";
import { type ServeOptions, serveSettings } from "./serve-options.ts";
import { serveRequests } from "./serve-requests.ts";
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
  const issuers = serveIssuers(definition, context);
  const requests = certificateRequestSource(definition, context);
  const informers: { readonly synced: Promise<void>; stop(): Promise<void> }[] = [
    ...issuers.informers,
    requests.informer,
  ];
  const queues = [issuers.queue, serveRequests(definition, context, issuers, requests)];
  if (settings.kubernetesSigningRequests) {
    const signingRequests = signingRequestSource(definition, context);
    informers.push(signingRequests.informer);
    queues.push(serveRequests(definition, context, issuers, signingRequests));
  }
  const synced = Promise.all(informers.map((informer) => informer.synced)).then(() => {
    // Before every cache is complete a missing issuer only means that it has not been seen yet.
    for (const queue of queues) queue.resume();
  });
  synced.catch(() => {});
  return {
    synced,
    async stop() {
      await Promise.all(informers.map((informer) => informer.stop()));
      await Promise.all(queues.map((queue) => queue.stop({ drainMs: settings.drainMs })));
      await issuers.close();
    },
  };
}
