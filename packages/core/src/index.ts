/**
 * Write a cert-manager external issuer in one file: `defineIssuer`, then `runIssuer`.
 *
 * @module
 */
export * from "@countersign/issuer-signer";
export * from "@countersign/issuer-signer/spec";
export { ApprovalError, type ApprovalFailure } from "./approval/approval-error.ts";
export {
  type ApprovalPermission,
  type CheckApprovalPermissionOptions,
  checkApprovalPermission,
} from "./approval/approval-permission.ts";
export type { ApprovableRequest, RequestToApprove } from "./approval/approval-request.ts";
export {
  approveRequest,
  type DecideRequestOptions,
  denyRequest,
  type RequestDecision,
} from "./approval/decide-request.ts";
export {
  type ApprovalAnswer,
  type WaitForApprovalOptions,
  waitForApproval,
} from "./approval/wait-for-approval.ts";
export {
  type AnyConnectContext,
  defineIssuer,
  type IssuerDefinition,
  type IssuerDefinitionOptions,
  type IssuerKind,
  type IssuerKinds,
} from "./definition/define-issuer.ts";
export { type CustomResourceDefinition, issuerCrds, type PrinterColumn } from "./definition/issuer-crd.ts";
export {
  defaultApprover,
  type IssuerRbacOptions,
  issuerRbac,
  type PolicyRule,
  type ReferenceNames,
  type RoleBindingManifest,
  type RoleManifest,
  type ServiceAccountRef,
} from "./definition/issuer-rbac.ts";
export type { Manifest, ManifestMetadata } from "./definition/manifest.ts";
export { issuerManifests } from "./definition/manifests.ts";
export type { StructuralSchema } from "./definition/structural-schema.ts";
export { toYaml } from "./definition/to-yaml.ts";
export type { PkiNetworkOptions } from "./issuer/connect-issuer.ts";
export {
  type ConnectionToOptions,
  connectionTo,
  type KubeAgents,
  type KubeConnection,
  type KubeTls,
} from "./kube/connection.ts";
export { type InClusterOptions, inCluster } from "./kube/in-cluster.ts";
export type {
  CertificateRequest,
  CertificateSigningRequest,
  Condition,
  ConfigMap,
  IssuerObject,
  KubeObject,
  ObjectMeta,
  ResourceType,
  Secret,
} from "./kube/types.ts";
export { type LeaderElectionTiming, leaderElectionDefaults } from "./leader/leader-election-options.ts";
export { NotLeaderError } from "./leader/not-leader-error.ts";
export type { LeaderElectionSettings } from "./leader/start-election.ts";
export {
  type Approval,
  type IssuerChecked,
  type IssuerRef,
  type IssuerSaved,
  type IssuerSeen,
  type LeaderAcquired,
  type LeaderLost,
  Lifecycle,
  type LifecycleEvents,
  type PkiCircuit,
  type PkiCredential,
  type PkiExchanged,
  type RequestAbandoned,
  type RequestAnswered,
  type RequestRef,
  type RequestReused,
  type RequestSigned,
  type RequestSigning,
  type RequestStep,
  type RequestWritten,
  type Trouble,
} from "./lifecycle/lifecycle.ts";
export { type Logger, logLifecycle } from "./lifecycle/log-lifecycle.ts";
export { type AuditLog, type AuditLogOptions, auditLog } from "./observe/audit-log.ts";
export { type AppendHandle, fileSink } from "./observe/file-sink.ts";
export type { IssuerBacklog, IssuerState, QueueState, WatchState } from "./observe/issuer-state.ts";
export { type LineSink, streamSink } from "./observe/line-sink.ts";
export {
  type IssuerMetrics,
  type IssuerMetricsOptions,
  issuerMetrics,
  issuerMetricsDefaults,
} from "./observe/metrics.ts";
export { type MetricsServer, type ServeMetricsOptions, serveMetrics } from "./observe/metrics-server.ts";
export { redact } from "./observe/redact.ts";
export { noTrace, openTelemetryTrace, type Trace } from "./observe/tracing.ts";
export type { IssuerHealth, WatchHealth } from "./probes/issuer-health.ts";
export { type ProbeServer, type ProbeServerOptions, startProbeServer } from "./probes/probe-server.ts";
export { type Scheduler, systemScheduler } from "./queue/scheduler.ts";
export { type Park, WorkQueue, type WorkQueueOptions } from "./queue/work-queue.ts";
export type { IgnoreHooks } from "./run/ignore-hooks.ts";
export { type RunIssuerOptions, runIssuer } from "./run/run-issuer.ts";
export { type ServeOptions, serveDefaults } from "./run/serve-options.ts";
export { type RunningIssuer, type StartIssuerOptions, startIssuer } from "./run/start-issuer.ts";
