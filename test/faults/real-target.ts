import { connectionTo } from "@countersign/issuer-core";
import { startCertManager } from "@countersign/issuer-testing";
import { AdminKube } from "../e2e/admin-kube.ts";
import { startControlPlane } from "../rigs/control-plane.ts";
import type { FaultsTarget } from "./target.ts";

/** Real etcd and kube-apiserver, with the CRDs of the stand-in for cert-manager, whose controllers are not needed here. */
export async function startRealTarget(): Promise<FaultsTarget> {
  const controlPlane = await startControlPlane();
  const { url: server, caPem: ca, adminToken: token } = controlPlane;
  const connection = connectionTo({ server, token, ca });
  const kube = new AdminKube(connection);
  const stop = async () => {
    kube[Symbol.dispose]();
    await controlPlane.stop();
  };
  try {
    await (await startCertManager({ connection, approve: false })).stop();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    upstream: { server, ca },
    token,
    connection,
    kube,
    size: (_small, full) => full,
    async restart() {
      await controlPlane.stopApiServer("SIGKILL");
      await controlPlane.startApiServer();
    },
    [Symbol.asyncDispose]: stop,
  };
}
