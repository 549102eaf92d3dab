import { type Informer, type InformerOptions, startInformer } from "../kube/informer.ts";
import type { KubeTransport } from "../kube/transport.ts";
import type { KubeObject, ResourceType } from "../kube/types.ts";
import type { Lifecycle } from "../lifecycle/lifecycle.ts";
import type { ServeSettings } from "./serve-options.ts";

/** What everything that serves one definition shares. */
export interface ServeContext {
  readonly transport: KubeTransport;
  readonly lifecycle: Lifecycle;
  readonly settings: ServeSettings;
  readonly userAgent: string;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** @throws NotLeaderError when this process may not call a PKI now */
  readonly fence: () => void;
}

/** Starts an informer whose trouble is announced. */
export function watch<T extends KubeObject>(
  { transport, lifecycle }: ServeContext,
  type: ResourceType,
  options: Partial<InformerOptions<T>>,
): Informer<T> {
  const where = `watch of ${type.plural}.${type.group}`;
  return startInformer<T>({
    transport,
    type,
    ...options,
    onTrouble: ({ error }) => lifecycle.announce("trouble", { where, error }),
  });
}
