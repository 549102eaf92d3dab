import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { connectionTo, issuerManifests, type KubeConnection, toYaml } from "@countersign/issuer-core";
import { vault as definition } from "../../examples/vault/src/vault.ts";
import { AdminKube } from "../e2e/admin-kube.ts";
import { configMaps, namespaces, serviceAccounts } from "../e2e/resources.ts";
import { type CertManager, startCertManager } from "../rigs/cert-manager.ts";
import {
  type ControlPlane,
  kubeconfig,
  kubectl,
  serviceAccountToken,
  startControlPlane,
} from "../rigs/control-plane.ts";
import { startVault, type Vault } from "../rigs/vault.ts";
import { setUpKubernetesAuth } from "../rigs/vault-auth.ts";
import type { VaultFlavour } from "../rigs/vault-node.ts";
import { setUpPki, type VaultPki, writePolicy } from "../rigs/vault-pki.ts";
import { vaultWrite } from "../rigs/vault-request.ts";

/** Where the issuer runs, and where what cluster issuers refer to is. */
export const issuerNamespace = "issuer-system";
/** Where a team has its issuer and its certificates. */
export const teamNamespace = "team";
/** Name of the issuer objects. */
export const issuerName = "web";

const account = { namespace: issuerNamespace, name: "vault-issuer" };
const run = promisify(execFile);

/** A cluster with the real cert-manager, a Vault that asks it about tokens, and the issuer's manifests; nobody signs. */
export interface VaultScene extends AsyncDisposable {
  readonly vault: Vault;
  readonly pki: VaultPki;
  readonly kube: AdminKube;
  readonly controlPlane: ControlPlane;
  /** As the administrator. */
  readonly connection: KubeConnection;
  /** As the issuer, with the rights that the manifests give it. */
  issuerConnection(): Promise<KubeConnection>;
  /** Path of a kubeconfig for the same. */
  issuerKubeconfig(): Promise<string>;
  /** Certificates that Vault has issued. */
  issuedByVault(): Promise<number>;
  /** Tokens that Vault holds. */
  tokens(): Promise<number>;
  /** OpenSSL's word on a chain, with nothing but Vault's root. */
  openssl(chain: string): Promise<string>;
}

/** `spec` of an issuer object that logs in as its service account by this role. */
export function specOf({ vault, pki }: VaultScene, role: string): object {
  return {
    vault: {
      server: vault.address,
      path: pki.signPath,
      caBundleConfigMapRef: { name: "vault-ca" },
      auth: { kubernetes: { role, serviceAccountRef: { name: "vault" } } },
    },
  };
}

/** Starts all of it (about 15 s). */
export async function startVaultScene(flavour: VaultFlavour): Promise<VaultScene> {
  const stack = new AsyncDisposableStack();
  try {
    const folder = await mkdtemp(join(tmpdir(), "countersign-vault-scene-"));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    const [vault, controlPlane] = await Promise.all([
      startVault({ flavour, tls: "server" }),
      startControlPlane({ auditLog: true }),
    ]);
    stack.use(vault);
    stack.use(controlPlane);
    const certManager: CertManager = await startCertManager(controlPlane, {
      ...{ autoApprove: true, minBackoff: "1s", maxBackoff: "2s" },
    });
    stack.use(certManager);
    const { url: server, caPem: ca, adminToken } = controlPlane;
    const connection = connectionTo({ server, token: adminToken, ca });
    const kube = stack.use(new AdminKube(connection));
    await installIssuer(kube, controlPlane, vault, folder);
    const pki = await setUpPki(vault);
    await setUpLogins(vault, controlPlane, pki);
    const token = () => serviceAccountToken(controlPlane, account.namespace, account.name);
    const owned = stack.move();
    const list = async (path: string) => {
      const { body } = await vault.request("GET", `${path}?list=true`);
      return Array.isArray(body.data?.keys) ? body.data.keys.length : 0;
    };
    const before = await list(`${pki.mount}/certs`);
    return {
      ...{ vault, pki, kube, controlPlane, connection },
      issuerConnection: async () =>
        connectionTo({ server, token: await token(), ca, namespace: issuerNamespace }),
      async issuerKubeconfig() {
        const path = join(folder, "issuer.kubeconfig");
        const config = JSON.parse(kubeconfig(controlPlane, account.name, await token()));
        config.contexts[0].context.namespace = issuerNamespace;
        await writeFile(path, JSON.stringify(config), { mode: 0o600 });
        return path;
      },
      issuedByVault: async () => (await list(`${pki.mount}/certs`)) - before,
      tokens: () => list("auth/token/accessors"),
      async openssl(chain) {
        await writeFile(join(folder, "root.pem"), pki.rootPem);
        await writeFile(join(folder, "chain.pem"), chain);
        const files = ["-CAfile", "root.pem", "-untrusted", "chain.pem", "chain.pem"];
        return (await run("openssl", ["verify", "-x509_strict", ...files], { cwd: folder })).stdout;
      },
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function installIssuer(
  kube: AdminKube,
  controlPlane: ControlPlane,
  { caPem = "" }: Vault,
  folder: string,
): Promise<void> {
  for (const namespace of [issuerNamespace, teamNamespace]) {
    await kube.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    const metadata = { namespace, name: "vault" };
    await kube.create(serviceAccounts, { apiVersion: "v1", kind: "ServiceAccount", metadata });
    await kube.create(configMaps, {
      ...{ apiVersion: "v1", kind: "ConfigMap", metadata: { namespace, name: "vault-ca" } },
      data: { "ca.crt": caPem },
    });
  }
  const manifests = join(folder, "manifests.yaml");
  await writeFile(manifests, toYaml(issuerManifests(definition, { serviceAccount: account })));
  await kubectl(controlPlane, "apply", "--filename", manifests);
  await kubectl(controlPlane, "wait", "--for=condition=Established", "crd", "--all", "--timeout=30s");
}

async function setUpLogins(vault: Vault, controlPlane: ControlPlane, pki: VaultPki): Promise<void> {
  await writePolicy(vault, pki.policy, {
    [pki.signPath]: ["update"],
    [`${pki.mount}/roles/${pki.role}`]: ["read"],
    [`${pki.mount}/certs`]: ["list"],
  });
  const grant = { policies: [pki.policy], serviceAccount: "vault" };
  const audience = `vault://${teamNamespace}/${issuerName}`;
  await setUpKubernetesAuth(vault, controlPlane, {
    ...grant,
    role: "team",
    namespace: teamNamespace,
    audience,
  });
  await vaultWrite(vault, "auth/kubernetes/role/cluster", {
    ...{ bound_service_account_names: "vault", bound_service_account_namespaces: issuerNamespace },
    ...{ audience: `vault://${issuerName}`, token_policies: [pki.policy], token_ttl: "1h" },
  });
}
