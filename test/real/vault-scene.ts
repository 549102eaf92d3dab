import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { vault as definition } from "../../examples/vault/src/vault.ts";
import type { AdminKube } from "../e2e/admin-kube.ts";
import { configMaps, serviceAccounts } from "../e2e/resources.ts";
import type { ControlPlane } from "../rigs/control-plane.ts";
import { startVault, type Vault } from "../rigs/vault.ts";
import { setUpKubernetesAuth } from "../rigs/vault-auth.ts";
import type { VaultFlavour } from "../rigs/vault-node.ts";
import { setUpPki, type VaultPki, writePolicy } from "../rigs/vault-pki.ts";
import { vaultWrite } from "../rigs/vault-request.ts";
import { type IssuerScene, issuerNamespace, startIssuerScene, teamNamespace } from "./issuer-scene.ts";

/** Name of the issuer objects. */
export const issuerName = "web";

const run = promisify(execFile);

/** A cluster with the real cert-manager, a Vault that asks it about tokens, and the issuer's manifests; nobody signs. */
export interface VaultScene extends IssuerScene {
  readonly vault: Vault;
  readonly pki: VaultPki;
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
    const [vault, scene] = await Promise.all([
      startVault({ flavour, tls: "server" }),
      startIssuerScene({ definition, account: "vault-issuer" }),
    ]);
    stack.use(vault);
    stack.use(scene);
    const { kube, controlPlane, folder } = scene;
    for (const namespace of [issuerNamespace, teamNamespace]) await prepareNamespace(kube, namespace, vault);
    const pki = await setUpPki(vault);
    await setUpLogins(vault, controlPlane, pki);
    const owned = stack.move();
    const list = async (path: string) => {
      const { body } = await vault.request("GET", `${path}?list=true`);
      return Array.isArray(body.data?.keys) ? body.data.keys.length : 0;
    };
    const before = await list(`${pki.mount}/certs`);
    return {
      ...scene,
      ...{ vault, pki },
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

async function prepareNamespace(kube: AdminKube, namespace: string, { caPem = "" }: Vault): Promise<void> {
  const metadata = { namespace, name: "vault" };
  await kube.create(serviceAccounts, { apiVersion: "v1", kind: "ServiceAccount", metadata });
  await kube.create(configMaps, {
    ...{ apiVersion: "v1", kind: "ConfigMap", metadata: { namespace, name: "vault-ca" } },
    data: { "ca.crt": caPem },
  });
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
