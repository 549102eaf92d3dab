import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ServiceAccountTokenRequest } from "@countersign/issuer-signer";
import { type ControlPlane, serviceAccountToken } from "../../../../test/rigs/control-plane.ts";
import { expectSuccess, kubeRequest } from "../../../../test/rigs/kube-request.ts";
import { expectVault, type VaultEndpoint, vaultWrite } from "../../../../test/rigs/vault-request.ts";

/** Where the service accounts of these tests are. */
export const namespace = "team";

async function create(controlPlane: ControlPlane, path: string, body: object): Promise<void> {
  expectSuccess(`POST ${path}`, await kubeRequest(controlPlane, "POST", path, { body }));
}

/** For tests: a namespace with the service accounts `issuer`, `stranger` and `reviewer`, of which the last may review. */
export async function createServiceAccounts(controlPlane: ControlPlane): Promise<void> {
  await create(controlPlane, "/api/v1/namespaces", {
    ...{ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
  });
  for (const name of ["issuer", "stranger", "reviewer"])
    await create(controlPlane, `/api/v1/namespaces/${namespace}/serviceaccounts`, {
      ...{ apiVersion: "v1", kind: "ServiceAccount", metadata: { name } },
    });
  await create(controlPlane, "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
    ...{ apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRoleBinding" },
    metadata: { name: "reviewer" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "system:auth-delegator" },
    subjects: [{ kind: "ServiceAccount", namespace, name: "reviewer" }],
  });
}

/** For tests: Vault's Kubernetes auth method at `kubernetes`, with TokenReview by `reviewer` and the role `web`. */
export async function enableKubernetesAuth(
  vault: VaultEndpoint,
  controlPlane: ControlPlane,
  policy: string,
): Promise<void> {
  await vaultWrite(vault, "sys/auth/kubernetes", { type: "kubernetes" });
  await vaultWrite(vault, "auth/kubernetes/config", {
    kubernetes_host: controlPlane.url,
    kubernetes_ca_cert: controlPlane.caPem,
    token_reviewer_jwt: await serviceAccountToken(controlPlane, namespace, "reviewer"),
    disable_local_ca_jwt: true,
  });
  await vaultWrite(vault, "auth/kubernetes/role/web", {
    ...{ bound_service_account_names: "issuer", bound_service_account_namespaces: namespace },
    ...{ audience: "vault://team/ca", token_policies: [policy], token_ttl: "1h" },
  });
}

/** For tests: Vault's JWT auth method at `jwt`, with the key of the API server, and the role `web`. */
export async function enableJwtAuth(
  vault: VaultEndpoint,
  controlPlane: ControlPlane,
  policy: string,
): Promise<void> {
  await vaultWrite(vault, "sys/auth/jwt", { type: "jwt" });
  const publicKey = await readFile(join(controlPlane.directory, "service-account.pub"), "utf8");
  await expectVault(vault, "POST", "auth/jwt/config", {
    jwt_validation_pubkeys: [publicKey],
    bound_issuer: "https://kubernetes.default.svc",
  });
  await vaultWrite(vault, "auth/jwt/role/web", {
    ...{ role_type: "jwt", user_claim: "sub", bound_audiences: ["vault://team/ca"] },
    ...{ bound_subject: `system:serviceaccount:${namespace}:issuer`, token_policies: [policy] },
  });
}

/** For tests: tokens as core's port asks for them. */
export function tokensOf(controlPlane: ControlPlane) {
  return ({ name, audiences, expirationSeconds = 600 }: ServiceAccountTokenRequest): Promise<string> =>
    serviceAccountToken(controlPlane, namespace, name, { audiences, expirationSeconds });
}
