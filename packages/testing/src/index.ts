/**
 * Development tools for issuers: an embedded Kubernetes API, a stand-in for cert-manager, demonstrations.
 *
 * @module
 */
export type { Anomaly } from "./cert-manager/anomaly.ts";
export type { ApprovalPolicy, ApprovalVerdict } from "./cert-manager/approver.ts";
export { type CertManager, type CertManagerOptions, startCertManager } from "./cert-manager/cert-manager.ts";
export type {
  Certificate,
  CertificateSpec,
  CertificateStatus,
  IssuerRef,
  PrivateKeySpec,
  SubjectSpec,
} from "./cert-manager/certificate.ts";
export { type CertificateForOptions, certificateFor } from "./cert-manager/certificate-for.ts";
export { certManagerCrds } from "./cert-manager/crds.ts";
export type { CertManagerEmitter, CertManagerEvents, Subject } from "./cert-manager/events.ts";
export {
  certificateRequestType,
  certificateType,
  type ObjectName,
  secretType,
} from "./cert-manager/kube-objects.ts";
export type { RequesterIdentity } from "./cert-manager/request-object.ts";
export {
  type ApiAddress,
  type IssuedSecret,
  type WaitForReadyOptions,
  waitForReady,
} from "./cert-manager/wait-for-ready.ts";
export { type Demo, type DemoIssuer, type DemoOptions, type DemoResult, runDemo } from "./demo/run-demo.ts";
export {
  type Authority,
  type CaPair,
  type IssueOptions,
  issueBelow,
  newAuthority,
} from "./fake-pki/authority.ts";
export { type BadAnswer, type BadCase, badCertificates, type MakeBad } from "./fake-pki/bad-certificates.ts";
export { type FakePkiIssuerOptions, fakePkiIssuer } from "./fake-pki/fake-pki-issuer.ts";
export { badDay, calm, type Misbehaviour } from "./fake-pki/misbehaviour.ts";
export type { Order } from "./fake-pki/order-book.ts";
export type { PkiCall, PkiRoute } from "./fake-pki/pki-call.ts";
export type { LedgerEntry, PkiLedger } from "./fake-pki/pki-ledger.ts";
export { seededRandom } from "./fake-pki/seeded-random.ts";
export {
  type FakePki,
  type FakePkiOptions,
  type PkiOutage,
  type PkiPoint,
  startFakePki,
} from "./fake-pki/start-fake-pki.ts";
export type { FaultAction, FaultHandle, FaultInjector, FaultRule, FaultTarget } from "./kube-api/faults.ts";
export type { Verb } from "./kube-api/http/request-info.ts";
export type { RequestRecord } from "./kube-api/http/request-log.ts";
export { type KubeApi, type KubeApiOptions, startKubeApi } from "./kube-api/start-kube-api.ts";
export type { WatchFilter } from "./kube-api/verbs/watch-streams.ts";
export {
  startTestCluster,
  type TestCluster,
  type TestClusterOptions,
  type TestObject,
} from "./test-cluster.ts";
