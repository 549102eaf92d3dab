import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connectionTo, type ServiceAccountRef } from "@countersign/issuer-core";
import { startCertManager } from "../rigs/cert-manager.ts";
import { kubeconfig, kubectl, serviceAccountToken, startControlPlane } from "../rigs/control-plane.ts";
import { AdminKube } from "./admin-kube.ts";
import { AuditTail } from "./audit-tail.ts";
import { installIdentities } from "./identities.ts";
import type { E2eTarget } from "./target.ts";

/** Real etcd, kube-apiserver and cert-manager with its webhook and its own approver, whose rights are the generated ones. */
export async function startRealTarget(): Promise<E2eTarget> {
  const controlPlane = await startControlPlane({ auditLog: true });
  const { url, caPem, directory, auditLogPath = "" } = controlPlane;
  const connection = connectionTo({ server: url, token: controlPlane.adminToken, ca: caPem });
  const kube = new AdminKube(connection);
  const audit = new AuditTail(auditLogPath);
  const token = ({ namespace, name }: ServiceAccountRef) =>
    serviceAccountToken(controlPlane, namespace, name);
  try {
    await installIdentities(kube);
    const certManager = await startCertManager(controlPlane, {
      autoApprove: true,
      minBackoff: "1s",
      maxBackoff: "2s",
    });
    return {
      connection,
      kube,
      hasWebhook: true,
      patience: { timeout: 45_000, interval: 100 },
      kubectl: (...args) => kubectl(controlPlane, ...args),
      issuerConnection: async (account) =>
        connectionTo({ server: url, token: await token(account), ca: caPem, namespace: account.namespace }),
      async issuerKubeconfig(account) {
        const path = join(directory, `${account.name}.kubeconfig`);
        const config = JSON.parse(kubeconfig(controlPlane, account.name, await token(account)));
        config.contexts[0].context.namespace = account.namespace;
        await writeFile(path, JSON.stringify(config), { mode: 0o600 });
        return path;
      },
      log: () => audit.read(),
      async outage() {
        await controlPlane.stopApiServer("SIGKILL");
        await controlPlane.startApiServer();
      },
      async [Symbol.asyncDispose]() {
        kube[Symbol.dispose]();
        await certManager.stop();
        await controlPlane.stop();
      },
    };
  } catch (error) {
    kube[Symbol.dispose]();
    await controlPlane.stop();
    throw error;
  }
}
