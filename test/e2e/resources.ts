import type { IssuerDefinition, ResourceType } from "@countersign/issuer-core";

function builtin(group: string, version: string, kind: string, plural: string, namespaced = true) {
  return Object.freeze({ group, version, kind, plural, namespaced }) satisfies ResourceType;
}

/** cert-manager.io/v1 Certificate. */
export const certificates = builtin("cert-manager.io", "v1", "Certificate", "certificates");
/** cert-manager.io/v1 CertificateRequest. */
export const certificateRequests = builtin(
  "cert-manager.io",
  "v1",
  "CertificateRequest",
  "certificaterequests",
);
/** core/v1 Secret. */
export const secrets = builtin("", "v1", "Secret", "secrets");
/** core/v1 ConfigMap. */
export const configMaps = builtin("", "v1", "ConfigMap", "configmaps");
/** core/v1 ServiceAccount. */
export const serviceAccounts = builtin("", "v1", "ServiceAccount", "serviceaccounts");
/** certificates.k8s.io/v1 CertificateSigningRequest. */
export const signingRequests = builtin(
  "certificates.k8s.io",
  "v1",
  "CertificateSigningRequest",
  "certificatesigningrequests",
  false,
);
/** authorization.k8s.io/v1 SubjectAccessReview. */
export const subjectAccessReviews = builtin(
  "authorization.k8s.io",
  "v1",
  "SubjectAccessReview",
  "subjectaccessreviews",
  false,
);
/** authentication.k8s.io/v1 TokenReview. */
export const tokenReviews = builtin("authentication.k8s.io", "v1", "TokenReview", "tokenreviews", false);
/** core/v1 Namespace. */
export const namespaces = builtin("", "v1", "Namespace", "namespaces", false);
/** events.k8s.io/v1 Event. */
export const events = builtin("events.k8s.io", "v1", "Event", "events");
/** apiextensions.k8s.io/v1 CustomResourceDefinition. */
export const crds = builtin(
  "apiextensions.k8s.io",
  "v1",
  "CustomResourceDefinition",
  "customresourcedefinitions",
  false,
);

const rbac = "rbac.authorization.k8s.io";

/** The kinds that `issuerManifests` makes. */
export const manifestTypes: readonly ResourceType[] = [
  crds,
  serviceAccounts,
  builtin(rbac, "v1", "ClusterRole", "clusterroles", false),
  builtin(rbac, "v1", "ClusterRoleBinding", "clusterrolebindings", false),
  builtin(rbac, "v1", "Role", "roles"),
  builtin(rbac, "v1", "RoleBinding", "rolebindings"),
];

/** The resource of one kind of a definition. */
export function issuerType(definition: IssuerDefinition, kindName: string): ResourceType {
  const kind = definition.kinds.find((candidate) => candidate.kind === kindName);
  if (kind === undefined) throw new Error(`${definition.group} has no kind ${kindName}`);
  const { group, version } = definition;
  return { group, version, kind: kind.kind, plural: kind.plural, namespaced: kind.scope === "Namespaced" };
}
