import { type ApplyStatusOptions, applyStatus } from "../kube/apply-status.ts";
import { type Informer, type InformerOptions, startInformer } from "../kube/informer.ts";
import type { KubeTransport } from "../kube/transport.ts";
import type { KubeObject, ResourceType } from "../kube/types.ts";
import type { Leadership } from "../leader/leadership.ts";
import type { Lifecycle } from "../lifecycle/lifecycle.ts";
import type { Trace } from "../observe/tracing.ts";
import type { BackoffRecall } from "../request/backoff-recall.ts";
import type { IssuerSlots } from "../request/issuer-slots.ts";
import type { ServeSettings } from "./serve-options.ts";

/** What everything that serves one definition shares. */
export interface ServeContext {
  readonly transport: KubeTransport;
  readonly lifecycle: Lifecycle;
  readonly settings: ServeSettings;
  readonly userAgent: string;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly leadership: Leadership;
  readonly slots: IssuerSlots;
  readonly recall: BackoffRecall;
  readonly trace: Trace;
}

/** Starts an informer whose trouble is announced. */
export function watch<T extends KubeObject>(
  { transport, lifecycle, settings }: ServeContext,
  type: ResourceType,
  options: Partial<InformerOptions<T>>,
): Informer<T> {
  const where = `watch of ${type.plural}.${type.group}`;
  return startInformer<T>({
    transport,
    type,
    namespaces: type.namespaced ? settings.namespaces : undefined,
    ...options,
    onTrouble: ({ error }) => lifecycle.announce("trouble", { where, error }),
  });
}

/**
 * Writes a status as long as the lease is held. The lease is looked at before the first try and after each that fails, so
 * a process that lost it without noticing can only write to an object that nobody else has written to since.
 *
 * @throws NotLeaderError, and what `applyStatus` throws
 */
export async function writeStatus<T extends KubeObject>(
  { transport, leadership }: ServeContext,
  options: ApplyStatusOptions,
): Promise<T | undefined> {
  leadership.assertHeld();
  return applyStatus<T>(transport, { ...options, onRetry: () => leadership.assertHeld() });
}
