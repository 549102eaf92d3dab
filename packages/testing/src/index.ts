/**
 * Development tools for issuers: an embedded Kubernetes API, a stand-in for cert-manager, demonstrations.
 *
 * @module
 */
export { type CertManager, type CertManagerOptions, startCertManager } from "./cert-manager/cert-manager.ts";
export { type CertificateForOptions, certificateFor } from "./cert-manager/certificate-for.ts";
export { type IssuedSecret, type WaitForReadyOptions, waitForReady } from "./cert-manager/wait-for-ready.ts";
export { type Demo, type DemoIssuer, type DemoOptions, runDemo } from "./demo/run-demo.ts";
export { type KubeApi, type KubeApiOptions, startKubeApi } from "./kube-api/start-kube-api.ts";
export {
  startTestCluster,
  type TestCluster,
  type TestClusterOptions,
  type TestObject,
} from "./test-cluster.ts";
