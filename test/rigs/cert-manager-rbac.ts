/** Namespace and ServiceAccount that cert-manager runs as, as its chart calls them. */
export const CERT_MANAGER_IDENTITY = Object.freeze({ namespace: "cert-manager", name: "cert-manager" });

/**
 * What the chart's ClusterRoles grant to the controllers and the webhook that the rig runs, plus the webhook
 * configurations, which the chart would have installed itself. It holds no `approve` on `signers`.
 */
export const CERT_MANAGER_ROLE = Object.freeze({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRole",
  metadata: { name: "cert-manager-rig" },
  rules: [
    {
      apiGroups: ["cert-manager.io"],
      resources: ["certificates", "certificates/status", "certificaterequests", "certificaterequests/status"],
      verbs: ["update", "patch"],
    },
    {
      apiGroups: ["cert-manager.io"],
      resources: ["certificaterequests"],
      verbs: ["create", "delete"],
    },
    {
      apiGroups: ["cert-manager.io"],
      resources: ["certificates", "certificaterequests", "clusterissuers", "issuers"],
      verbs: ["get", "list", "watch"],
    },
    {
      apiGroups: ["cert-manager.io"],
      resources: ["certificates/finalizers", "certificaterequests/finalizers"],
      verbs: ["update"],
    },
    {
      apiGroups: [""],
      resources: ["secrets"],
      verbs: ["get", "list", "watch", "create", "update", "delete", "patch"],
    },
    { apiGroups: [""], resources: ["events"], verbs: ["create", "patch"] },
    { apiGroups: ["authorization.k8s.io"], resources: ["subjectaccessreviews"], verbs: ["create"] },
    {
      apiGroups: ["admissionregistration.k8s.io"],
      resources: ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"],
      verbs: ["get", "create", "patch"],
    },
  ],
});

/**
 * The right to approve requests of these signers, e.g. `softwarecaissuers.pki.example.com/*`, as the chart's
 * `approveSignerNames` grants it.
 */
export function approverRole(signerNames: readonly string[]): object {
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name: "cert-manager-controller-approve" },
    rules: [
      {
        apiGroups: ["cert-manager.io"],
        resources: ["signers"],
        verbs: ["approve"],
        resourceNames: signerNames,
      },
    ],
  };
}

/** Binds a ClusterRole to cert-manager's ServiceAccount. */
export function bindingOf(roleName: string): object {
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: roleName },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: roleName },
    subjects: [{ kind: "ServiceAccount", ...CERT_MANAGER_IDENTITY }],
  };
}
