import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { connectionTo } from "@countersign/issuer-core";
import { startTestCluster, type TestCluster } from "@countersign/issuer-testing";
import { findRig } from "../rigs/build-rig.ts";
import { AdminKube } from "./admin-kube.ts";
import { installIdentities, mayApprove } from "./identities.ts";
import type { E2eTarget } from "./target.ts";

const run = promisify(execFile);
const outageMs = 1_000;

/** The embedded Kubernetes API with the stand-in for cert-manager. */
export interface EmbeddedTarget extends E2eTarget {
  readonly faults: TestCluster["api"]["faults"];
  /** What the stand-in found wrong with an issuer's answers. */
  readonly anomalies: readonly object[];
}

/** Starts an embedded cluster for the cases. */
export async function startEmbeddedTarget(): Promise<EmbeddedTarget> {
  const cluster = await startTestCluster({
    certManager: {
      approve: ({ spec }) => (mayApprove(spec.issuerRef.group) ? "approve" : "ignore"),
      minBackoffMs: 1_000,
      maxBackoffMs: 2_000,
    },
  });
  const { api, connection } = cluster;
  const anomalies: object[] = [];
  cluster.certManager?.events.on("anomaly", (anomaly) => anomalies.push(anomaly));
  const kube = new AdminKube(connection);
  const directory = await mkdtemp(join(tmpdir(), "countersign-e2e-"));
  await installIdentities(kube);
  const adminConfig = join(directory, "admin.kubeconfig");
  await writeFile(adminConfig, api.kubeconfigYaml(), { mode: 0o600 });
  const kubectlPath = await findKubectl();
  return {
    connection,
    kube,
    faults: api.faults,
    anomalies,
    hasWebhook: false,
    patience: { timeout: 12_000, interval: 25 },
    kubectl:
      kubectlPath === undefined
        ? undefined
        : async (...args) => (await run(kubectlPath, [`--kubeconfig=${adminConfig}`, ...args])).stdout,
    issuerConnection: async (account) => connectionTo({ server: api.url, token: api.token(account) }),
    async issuerKubeconfig(account) {
      const path = join(directory, `${account.name}.kubeconfig`);
      await writeFile(path, kubeconfig(api.url, account.namespace, api.token(account)), { mode: 0o600 });
      return path;
    },
    log: async () => api.requests,
    async outage() {
      const gone = api.faults.add({ action: { type: "reset" } });
      api.faults.cutWatches();
      await delay(outageMs);
      gone.remove();
    },
    async [Symbol.asyncDispose]() {
      kube[Symbol.dispose]();
      await cluster.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The kubectl of the rigs where it has been built, else one on PATH; never builds one. */
async function findKubectl(): Promise<string | undefined> {
  const rig = await findRig("kubectl");
  if (rig !== undefined) return rig.path;
  return run("kubectl", ["version", "--client"]).then(
    () => "kubectl",
    () => undefined,
  );
}

function kubeconfig(server: string, namespace: string, token: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "embedded", cluster: { server } }],
    users: [{ name: "issuer", user: { token } }],
    contexts: [{ name: "issuer", context: { cluster: "embedded", user: "issuer", namespace } }],
    "current-context": "issuer",
  });
}
