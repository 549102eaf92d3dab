import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectionTo, issuerManifests, type KubeConnection, toYaml } from "@countersign/issuer-core";
import { ejbca as definition } from "../../examples/ejbca/src/ejbca.ts";
import { AdminKube } from "../e2e/admin-kube.ts";
import { configMaps, namespaces, secrets } from "../e2e/resources.ts";
import { startCertManager } from "../rigs/cert-manager.ts";
import {
  type ControlPlane,
  kubeconfig,
  kubectl,
  serviceAccountToken,
  startControlPlane,
} from "../rigs/control-plane.ts";
import { type Ejbca, startEjbca } from "../rigs/ejbca/start-ejbca.ts";

/** Where the issuer runs, and where what cluster issuers refer to is. */
export const issuerNamespace = "issuer-system";
/** Where a team has its issuer and its certificates. */
export const teamNamespace = "team";
/** Name of the issuer objects, and of the Secret and the ConfigMap that they refer to. */
export const issuerName = "ejbca";
/** The ServiceAccount that the issuer runs as. */
export const account = { namespace: issuerNamespace, name: "ejbca-issuer" };

/** A cluster with the real cert-manager, a simulator of EJBCA, and the issuer's manifests; nobody signs. */
export interface EjbcaRealScene extends AsyncDisposable {
  readonly ejbca: Ejbca;
  readonly kube: AdminKube;
  readonly controlPlane: ControlPlane;
  /** As the administrator. */
  readonly connection: KubeConnection;
  /** As the issuer, with the rights that the manifests give it. */
  issuerConnection(): Promise<KubeConnection>;
  /** Path of a kubeconfig for the same. */
  issuerKubeconfig(): Promise<string>;
  /** `spec` of the issuer objects. */
  readonly spec: object;
}

/** Starts all of it (about 15 s). */
export async function startEjbcaRealScene(): Promise<EjbcaRealScene> {
  const stack = new AsyncDisposableStack();
  try {
    const folder = await mkdtemp(join(tmpdir(), "countersign-ejbca-real-"));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    const ejbca = stack.use(await startEjbca({ nodes: 2 }));
    const controlPlane = stack.use(await startControlPlane({ auditLog: true }));
    stack.use(
      await startCertManager(controlPlane, { autoApprove: true, minBackoff: "1s", maxBackoff: "2s" }),
    );
    const { url: server, caPem: ca, adminToken } = controlPlane;
    const connection = connectionTo({ server, token: adminToken, ca });
    const kube = stack.use(new AdminKube(connection));
    for (const namespace of [issuerNamespace, teamNamespace]) await storeReferences(kube, ejbca, namespace);
    const manifests = join(folder, "manifests.yaml");
    await writeFile(manifests, toYaml(issuerManifests(definition, { serviceAccount: account })));
    await kubectl(controlPlane, "apply", "--filename", manifests);
    await kubectl(controlPlane, "wait", "--for=condition=Established", "crd", "--all", "--timeout=30s");
    const token = () => serviceAccountToken(controlPlane, account.namespace, account.name);
    const owned = stack.move();
    return {
      ...{ ejbca, kube, controlPlane, connection },
      issuerConnection: async () =>
        connectionTo({ server, token: await token(), ca, namespace: issuerNamespace }),
      async issuerKubeconfig() {
        const path = join(folder, "issuer.kubeconfig");
        const config = JSON.parse(kubeconfig(controlPlane, account.name, await token()));
        config.contexts[0].context.namespace = issuerNamespace;
        await writeFile(path, JSON.stringify(config), { mode: 0o600 });
        return path;
      },
      spec: {
        ejbca: {
          urls: ejbca.urls,
          caBundleConfigMapRef: { name: issuerName },
          auth: { clientCertificate: { secretName: issuerName } },
          certificateAuthorityName: "LabIssuingCA",
          certificateProfileName: "LabTLS",
          endEntityProfileName: "LabEEP-OneCA",
        },
      },
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function storeReferences(kube: AdminKube, ejbca: Ejbca, namespace: string): Promise<void> {
  const metadata = { namespace, name: issuerName };
  const { cert, key } = ejbca.clients.issuer;
  await kube.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  await kube.create(secrets, {
    ...{ apiVersion: "v1", kind: "Secret", type: "kubernetes.io/tls", metadata },
    data: { "tls.crt": btoa(cert), "tls.key": btoa(key) },
  });
  await kube.create(configMaps, {
    ...{ apiVersion: "v1", kind: "ConfigMap", metadata },
    data: { "ca.crt": ejbca.tlsCaPem },
  });
}
