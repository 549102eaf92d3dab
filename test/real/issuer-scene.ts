import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  connectionTo,
  type IssuerDefinition,
  type IssuerRbacOptions,
  issuerManifests,
  type KubeConnection,
  toYaml,
} from "@countersign/issuer-core";
import { AdminKube } from "../e2e/admin-kube.ts";
import { namespaces } from "../e2e/resources.ts";
import { startCertManager } from "../rigs/cert-manager.ts";
import {
  type ControlPlane,
  kubeconfig,
  kubectl,
  serviceAccountToken,
  startControlPlane,
} from "../rigs/control-plane.ts";

/** Where the issuer runs, and where what cluster issuers refer to is. */
export const issuerNamespace = "issuer-system";
/** Where a team has its issuer and its certificates. */
export const teamNamespace = "team";

/** A real cluster with the real cert-manager and the manifests of an issuer; nobody signs yet. */
export interface IssuerScene extends AsyncDisposable {
  readonly kube: AdminKube;
  readonly controlPlane: ControlPlane;
  /** As the administrator. */
  readonly connection: KubeConnection;
  /** For files of the tests; removed at the end. */
  readonly folder: string;
  /** As the issuer, with the rights that the manifests give it. */
  issuerConnection(): Promise<KubeConnection>;
  /** Path of a kubeconfig for the same. */
  issuerKubeconfig(): Promise<string>;
}

/** Options of {@link startIssuerScene}. */
export interface IssuerSceneOptions {
  readonly definition: IssuerDefinition;
  /** ServiceAccount of the issuer, in {@link issuerNamespace}. */
  readonly account: string;
  /** Narrows the rights to objects of these names. */
  readonly references?: IssuerRbacOptions["references"];
}

/** Starts all of it (about 15 s). */
export async function startIssuerScene(options: IssuerSceneOptions): Promise<IssuerScene> {
  const { definition, references } = options;
  const account = { namespace: issuerNamespace, name: options.account };
  const stack = new AsyncDisposableStack();
  try {
    const folder = await mkdtemp(join(tmpdir(), "countersign-issuer-scene-"));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    const controlPlane = stack.use(await startControlPlane({ auditLog: true }));
    stack.use(
      await startCertManager(controlPlane, { autoApprove: true, minBackoff: "1s", maxBackoff: "2s" }),
    );
    const { url: server, caPem: ca, adminToken } = controlPlane;
    const connection = connectionTo({ server, token: adminToken, ca });
    const kube = stack.use(new AdminKube(connection));
    for (const name of [issuerNamespace, teamNamespace])
      await kube.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
    const manifests = join(folder, "manifests.yaml");
    await writeFile(manifests, toYaml(issuerManifests(definition, { serviceAccount: account, references })));
    await kubectl(controlPlane, "apply", "--filename", manifests);
    await kubectl(controlPlane, "wait", "--for=condition=Established", "crd", "--all", "--timeout=30s");
    const token = () => serviceAccountToken(controlPlane, account.namespace, account.name);
    const owned = stack.move();
    return {
      ...{ kube, controlPlane, connection, folder },
      issuerConnection: async () =>
        connectionTo({ server, token: await token(), ca, namespace: issuerNamespace }),
      async issuerKubeconfig() {
        const path = join(folder, "issuer.kubeconfig");
        const config = JSON.parse(kubeconfig(controlPlane, account.name, await token()));
        config.contexts[0].context.namespace = issuerNamespace;
        await writeFile(path, JSON.stringify(config), { mode: 0o600 });
        return path;
      },
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}
