/** The parts of core's Kubernetes client that the stand-in is built of, gathered until core exports them. */
export { applyStatus } from "../../../core/src/kube/apply-status.ts";
export { connectionTo, type KubeConnection } from "../../../core/src/kube/connection.ts";
export { startInformer } from "../../../core/src/kube/informer.ts";
export { isKubeApiError } from "../../../core/src/kube/kube-api-error.ts";
export { objectKey } from "../../../core/src/kube/object-key.ts";
export { resourcePath } from "../../../core/src/kube/resource-path.ts";
export type { Store, StoreChange } from "../../../core/src/kube/store.ts";
export { KubeTransport } from "../../../core/src/kube/transport.ts";
export type {
  CertificateRequest,
  Condition,
  KubeObject,
  ResourceType,
  Secret,
} from "../../../core/src/kube/types.ts";
export { pause, type Scheduler, systemScheduler } from "../../../core/src/queue/scheduler.ts";
export { WorkQueue } from "../../../core/src/queue/work-queue.ts";
export { parseGoDuration } from "../../../core/src/request/go-duration.ts";
