import { createPublicKey, type JsonWebKey } from "node:crypto";
import { type ControlPlane, kubectl, serviceAccountToken } from "./control-plane.ts";
import { kubeApply } from "./kube-request.ts";
import { expectVault, type VaultEndpoint, vaultWrite } from "./vault-request.ts";

/** What an auth method is to hand out. */
export interface AuthGrant {
  /** Policies of the tokens. */
  readonly policies: readonly string[];
  /** Lifetime of the tokens; `1h` unless given. */
  readonly ttl?: string;
  /** Role of the auth method; `issuer` unless given. */
  readonly role?: string;
}

/** What a login by AppRole needs. */
export interface AppRole {
  readonly roleId: string;
  readonly secretId: string;
}

const tokenFields = ({ policies, ttl = "1h" }: AuthGrant) => ({ token_policies: policies, token_ttl: ttl });

/** Enables AppRole at `approle` with one role; resolves to what a login needs. */
export async function setUpAppRole(vault: VaultEndpoint, grant: AuthGrant): Promise<AppRole> {
  const path = `auth/approle/role/${grant.role ?? "issuer"}`;
  await vaultWrite(vault, "sys/auth/approle", { type: "approle" });
  await vaultWrite(vault, path, tokenFields(grant));
  const { data } = await expectVault(vault, "GET", `${path}/role-id`);
  const { secret_id } = await vaultWrite(vault, `${path}/secret-id`, {});
  return { roleId: String(data?.role_id), secretId: String(secret_id) };
}

/** Enables TLS certificate login at `cert` for every client certificate of this authority. The server must serve TLS. */
export async function setUpCertAuth(vault: VaultEndpoint, caPem: string, grant: AuthGrant): Promise<void> {
  await vaultWrite(vault, "sys/auth/cert", { type: "cert" });
  const role = { certificate: caPem, ...tokenFields(grant) };
  await vaultWrite(vault, `auth/cert/certs/${grant.role ?? "issuer"}`, role);
}

/** Whose tokens the Kubernetes and JWT auth methods take. */
export interface ServiceAccountGrant extends AuthGrant {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** The one audience that a token must have. */
  readonly audience: string;
}

/**
 * Enables Kubernetes auth at `kubernetes`: Vault asks the real API server, by TokenReview as the ServiceAccount
 * `vault-reviewer` of `kube-system`, which is made here and holds `system:auth-delegator`. Its token lasts one day.
 */
export async function setUpKubernetesAuth(
  vault: VaultEndpoint,
  controlPlane: ControlPlane,
  grant: ServiceAccountGrant,
): Promise<void> {
  await vaultWrite(vault, "sys/auth/kubernetes", { type: "kubernetes" });
  await vaultWrite(vault, "auth/kubernetes/config", {
    kubernetes_host: controlPlane.url,
    kubernetes_ca_cert: controlPlane.caPem,
    token_reviewer_jwt: await reviewerToken(controlPlane),
    // Vault runs in no pod here.
    disable_local_ca_jwt: true,
  });
  await vaultWrite(vault, `auth/kubernetes/role/${grant.role ?? "issuer"}`, {
    bound_service_account_names: grant.serviceAccount,
    bound_service_account_namespaces: grant.namespace,
    audience: grant.audience,
    ...tokenFields(grant),
  });
}

/** Enables JWT auth at `jwt`: Vault verifies the tokens by the API server's published keys and asks nobody. */
export async function setUpJwtAuth(
  vault: VaultEndpoint,
  controlPlane: ControlPlane,
  grant: ServiceAccountGrant,
): Promise<void> {
  const keys = await kubectl(controlPlane, "get", "--raw=/openid/v1/jwks");
  await vaultWrite(vault, "sys/auth/jwt", { type: "jwt" });
  await vaultWrite(vault, "auth/jwt/config", { jwt_validation_pubkeys: publicKeysOf(keys) });
  await vaultWrite(vault, `auth/jwt/role/${grant.role ?? "issuer"}`, {
    role_type: "jwt",
    user_claim: "sub",
    bound_audiences: [grant.audience],
    bound_subject: `system:serviceaccount:${grant.namespace}:${grant.serviceAccount}`,
    ...tokenFields(grant),
  });
}

async function reviewerToken(controlPlane: ControlPlane): Promise<string> {
  const [namespace, name] = ["kube-system", "vault-reviewer"];
  await kubeApply(controlPlane, `/api/v1/namespaces/${namespace}/serviceaccounts/${name}`, {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name, namespace },
  });
  await kubeApply(controlPlane, `/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/${name}`, {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "system:auth-delegator" },
    subjects: [{ kind: "ServiceAccount", name, namespace }],
  });
  return serviceAccountToken(controlPlane, namespace, name, { expirationSeconds: 24 * 3600 });
}

/** The API server publishes a JWKS; Vault takes PEM, or a URL that must be open to the world. */
function publicKeysOf(jwks: string): readonly string[] {
  const { keys } = JSON.parse(jwks) as { readonly keys: readonly JsonWebKey[] };
  return keys.map((key) =>
    String(createPublicKey({ key, format: "jwk" }).export({ format: "pem", type: "spki" })),
  );
}
