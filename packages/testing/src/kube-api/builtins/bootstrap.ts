import { randomUUID } from "node:crypto";
import type { JsonObject } from "../json.ts";
import type { ServerState } from "../server-state.ts";

const RBAC = "rbac.authorization.k8s.io";

const ROLES: { readonly [name: string]: readonly JsonObject[] } = {
  "cluster-admin": [
    { apiGroups: ["*"], resources: ["*"], verbs: ["*"] },
    { nonResourceURLs: ["*"], verbs: ["*"] },
  ],
  "system:basic-user": [
    {
      apiGroups: ["authorization.k8s.io"],
      resources: ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
      verbs: ["create"],
    },
    { apiGroups: ["authentication.k8s.io"], resources: ["selfsubjectreviews"], verbs: ["create"] },
  ],
  "system:discovery": [
    {
      nonResourceURLs: [
        "/api",
        "/api/*",
        "/apis",
        "/apis/*",
        "/healthz",
        "/livez",
        "/openapi",
        "/openapi/*",
        "/readyz",
        "/version",
        "/version/",
      ],
      verbs: ["get"],
    },
  ],
  "system:public-info-viewer": [
    { nonResourceURLs: ["/healthz", "/livez", "/readyz", "/version", "/version/"], verbs: ["get"] },
  ],
  "system:service-account-issuer-discovery": [
    {
      nonResourceURLs: [
        "/.well-known/openid-configuration",
        "/.well-known/openid-configuration/",
        "/openid/v1/jwks",
        "/openid/v1/jwks/",
      ],
      verbs: ["get"],
    },
  ],
  "system:auth-delegator": [
    { apiGroups: ["authentication.k8s.io"], resources: ["tokenreviews"], verbs: ["create"] },
    { apiGroups: ["authorization.k8s.io"], resources: ["subjectaccessreviews"], verbs: ["create"] },
  ],
};

const BINDINGS: { readonly [role: string]: readonly string[] } = {
  "cluster-admin": ["system:masters"],
  "system:basic-user": ["system:authenticated"],
  "system:discovery": ["system:authenticated"],
  "system:public-info-viewer": ["system:authenticated", "system:unauthenticated"],
  "system:service-account-issuer-discovery": ["system:serviceaccounts"],
};

/** Creates what a fresh cluster has: the first namespaces, and the RBAC policy that every client counts on. */
export function bootstrap(state: ServerState): void {
  const put = (
    group: string,
    plural: string,
    kind: string,
    name: string,
    body: JsonObject,
    labels: { [key: string]: string },
  ) => {
    const resource = state.registry.find(group, plural);
    const apiVersion = resource?.storageVersion.apiVersion ?? "";
    const metadata = { name, uid: randomUUID(), creationTimestamp: state.now(), labels };
    resource?.store.put("", name, { apiVersion, kind, metadata, ...body });
  };
  for (const name of ["default", "kube-system", "kube-public", "kube-node-lease"]) {
    const body = { spec: { finalizers: ["kubernetes"] }, status: { phase: "Active" } };
    put("", "namespaces", "Namespace", name, body, { "kubernetes.io/metadata.name": name });
  }
  const labels = { "kubernetes.io/bootstrapping": "rbac-defaults" };
  for (const [name, rules] of Object.entries(ROLES))
    put(RBAC, "clusterroles", "ClusterRole", name, { rules }, labels);
  for (const [name, groups] of Object.entries(BINDINGS)) {
    const subjects = groups.map((group) => ({ kind: "Group", apiGroup: RBAC, name: group }));
    const roleRef = { apiGroup: RBAC, kind: "ClusterRole", name };
    put(RBAC, "clusterrolebindings", "ClusterRoleBinding", name, { subjects, roleRef }, labels);
  }
}
