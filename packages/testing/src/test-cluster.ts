import {
  connectionTo,
  type IssuerDefinition,
  issuerCrds,
  type KubeConnection,
  type ResourceType,
} from "@countersign/issuer-core";
import { KubeTransport, resourcePath } from "@countersign/issuer-core/kube";
import { type CertManager, type CertManagerOptions, startCertManager } from "./cert-manager/cert-manager.ts";
import { type KubeApi, type KubeApiOptions, startKubeApi } from "./kube-api/start-kube-api.ts";

/** Options of {@link startTestCluster}. */
export interface TestClusterOptions {
  /** Their CRDs are installed. */
  readonly definitions?: readonly IssuerDefinition[] | undefined;
  readonly api?: KubeApiOptions | undefined;
  /** Options of the cert-manager stand-in; `false` starts none. */
  readonly certManager?: Omit<CertManagerOptions, "connection" | "url" | "token"> | false | undefined;
}

/** An embedded Kubernetes API with the cert-manager stand-in and the CRDs of issuers: a development tool. */
export interface TestCluster extends AsyncDisposable {
  readonly api: KubeApi;
  /** As the administrator. */
  readonly connection: KubeConnection;
  readonly transport: KubeTransport;
  readonly certManager: CertManager | undefined;
  /** Creates or replaces an object by server-side apply, and resolves to it. */
  apply<T = unknown>(type: ResourceType, object: TestObject): Promise<T>;
  stop(): Promise<void>;
}

/** An object to apply: whole, as a manifest would hold it. */
export interface TestObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string | undefined };
}

const customResourceDefinitions: ResourceType = {
  group: "apiextensions.k8s.io",
  version: "v1",
  kind: "CustomResourceDefinition",
  plural: "customresourcedefinitions",
  namespaced: false,
};

/** Starts an embedded cluster in this process, ready to be used. */
export async function startTestCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
  const api = await startKubeApi(options.api);
  const connection = connectionTo({ server: api.url, token: api.adminToken });
  const transport = new KubeTransport({ connection, userAgent: "countersign-test-cluster" });
  let certManager: CertManager | undefined;
  const stop = async () => {
    await certManager?.stop();
    transport.close();
    await api.close();
  };
  const apply = <T>(type: ResourceType, object: TestObject) =>
    transport.request<T>({
      method: "PATCH",
      path: resourcePath(type, { namespace: object.metadata.namespace, name: object.metadata.name }),
      query: { fieldManager: "countersign-test-cluster", force: true },
      contentType: "application/apply-patch+yaml",
      body: object,
    });
  try {
    for (const crd of (options.definitions ?? []).flatMap(issuerCrds))
      await apply(customResourceDefinitions, crd);
    if (options.certManager !== false)
      certManager = await startCertManager({ ...options.certManager, connection });
  } catch (error) {
    await stop();
    throw error;
  }
  return { api, connection, transport, certManager, apply, stop, [Symbol.asyncDispose]: stop };
}
