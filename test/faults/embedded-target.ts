import { setTimeout as delay } from "node:timers/promises";
import { startCertManager, startTestCluster } from "@countersign/issuer-testing";
import { AdminKube } from "../e2e/admin-kube.ts";
import type { FaultsTarget } from "./target.ts";

const outageMs = 400;

/** The embedded Kubernetes API; the cases are small unless `full`. */
export async function startEmbeddedTarget({ full = false } = {}): Promise<FaultsTarget> {
  const cluster = await startTestCluster({ certManager: false });
  const { api, connection } = cluster;
  // Installs the CRDs; the stand-in itself is not wanted.
  await (await startCertManager({ connection, approve: false })).stop();
  const kube = new AdminKube(connection);
  return {
    upstream: { server: api.url },
    token: api.adminToken,
    connection,
    kube,
    size: (small, large) => (full ? large : small),
    async restart() {
      const gone = api.faults.add({ action: { type: "reset" } });
      api.faults.cutWatches();
      await delay(outageMs);
      gone.remove();
    },
    async [Symbol.asyncDispose]() {
      kube[Symbol.dispose]();
      await cluster.stop();
    },
  };
}
