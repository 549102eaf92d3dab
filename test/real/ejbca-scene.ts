import { ejbca as definition } from "../../examples/ejbca/src/ejbca.ts";
import { configMaps, secrets } from "../e2e/resources.ts";
import { type Ejbca, startEjbca } from "../rigs/ejbca/start-ejbca.ts";
import { type IssuerScene, issuerNamespace, startIssuerScene, teamNamespace } from "./issuer-scene.ts";

/** Name of the issuer objects, and of the Secret and the ConfigMap that they refer to. */
export const issuerName = "ejbca";
/** The ServiceAccount that the issuer runs as. */
export const account = { namespace: issuerNamespace, name: "ejbca-issuer" };

/** A cluster with the real cert-manager, a simulator of EJBCA, and the issuer's manifests; nobody signs. */
export interface EjbcaRealScene extends IssuerScene {
  readonly ejbca: Ejbca;
  /** `spec` of the issuer objects. */
  readonly spec: object;
}

/** Starts all of it (about 15 s). */
export async function startEjbcaRealScene(): Promise<EjbcaRealScene> {
  const stack = new AsyncDisposableStack();
  try {
    const ejbca = stack.use(await startEjbca({ nodes: 2 }));
    const scene = stack.use(await startIssuerScene({ definition, account: account.name }));
    for (const namespace of [issuerNamespace, teamNamespace]) await storeReferences(scene, ejbca, namespace);
    const owned = stack.move();
    return {
      ...scene,
      ejbca,
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

async function storeReferences({ kube }: IssuerScene, ejbca: Ejbca, namespace: string): Promise<void> {
  const metadata = { namespace, name: issuerName };
  const { cert, key } = ejbca.clients.issuer;
  await kube.create(secrets, {
    ...{ apiVersion: "v1", kind: "Secret", type: "kubernetes.io/tls", metadata },
    data: { "tls.crt": btoa(cert), "tls.key": btoa(key) },
  });
  await kube.create(configMaps, {
    ...{ apiVersion: "v1", kind: "ConfigMap", metadata },
    data: { "ca.crt": ejbca.tlsCaPem },
  });
}
