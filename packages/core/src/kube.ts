/**
 * The parts that core's controllers are made of, for approvers, tests and tools: transport, informer, store, work queue.
 *
 * @module
 */
export { type ApplyStatusOptions, applyStatus } from "./kube/apply-status.ts";
export { type Informer, type InformerOptions, startInformer } from "./kube/informer.ts";
export {
  isKubeApiError,
  KubeApiError,
  type KubeApiErrorOptions,
  type KubeErrorDetails,
} from "./kube/kube-api-error.ts";
export { isKubeNetworkError, KubeNetworkError, type KubeNetworkFailure } from "./kube/kube-network-error.ts";
export {
  type ListWatchOptions,
  type ListWatchSink,
  type ListWatchTiming,
  type ListWatchTrouble,
  listWatchDefaults,
} from "./kube/list-watch.ts";
export { type Named, objectKey } from "./kube/object-key.ts";
export { type ResourceTarget, resourcePath } from "./kube/resource-path.ts";
export type { RetryWriteOptions } from "./kube/retry-write.ts";
export { Store, type StoreChange, type StoreListener, type StoreOptions } from "./kube/store.ts";
export {
  type KubeQuery,
  type KubeRequest,
  type KubeStreamRequest,
  KubeTransport,
  type KubeTransportOptions,
  kubeTransportDefaults,
} from "./kube/transport.ts";
export { type BackoffPolicy, backoffDelay } from "./queue/backoff.ts";
export { pause, type Scheduler, systemScheduler } from "./queue/scheduler.ts";
export {
  type Park,
  type WorkPriority,
  WorkQueue,
  type WorkQueueOptions,
  type WorkQueueStopOptions,
} from "./queue/work-queue.ts";
