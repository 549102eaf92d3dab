import type { IssuerDefinition } from "./define-issuer.ts";
import { definitionName, type Manifest, manifestLabels } from "./manifest.ts";
import { withinNamespaces } from "./within-namespaces.ts";

/** A ServiceAccount by name. */
export interface ServiceAccountRef {
  readonly namespace: string;
  readonly name: string;
}

/** rbac.authorization.k8s.io/v1 PolicyRule. */
export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** ClusterRole or Role. */
export interface RoleManifest extends Manifest {
  readonly kind: "ClusterRole" | "Role";
  readonly rules: readonly PolicyRule[];
}

/** ClusterRoleBinding or RoleBinding. */
export interface RoleBindingManifest extends Manifest {
  readonly kind: "ClusterRoleBinding" | "RoleBinding";
  readonly roleRef: {
    readonly apiGroup: "rbac.authorization.k8s.io";
    readonly kind: RoleManifest["kind"];
    readonly name: string;
  };
  readonly subjects: readonly (ServiceAccountRef & { readonly kind: "ServiceAccount" })[];
}

/** Names of objects that issuers may refer to. */
export interface ReferenceNames {
  readonly secrets?: readonly string[] | undefined;
  /** Those of the Secrets that signers may write to; all of `secrets` unless given. */
  readonly savedSecrets?: readonly string[] | undefined;
  readonly configMaps?: readonly string[] | undefined;
  /** Those whose tokens signers may ask for. */
  readonly serviceAccounts?: readonly string[] | undefined;
}

/** Options of {@link issuerRbac}. */
export interface IssuerRbacOptions {
  /** Whom the controller runs as. */
  readonly serviceAccount: ServiceAccountRef;
  /** Grants everything in these namespaces alone, by Roles, to a controller that serves only them; see `ServeOptions`. */
  readonly namespaces?: readonly string[] | undefined;
  /** Where the Secrets, ConfigMaps and ServiceAccounts of cluster issuers are; the controller's own namespace unless given. */
  readonly clusterResourceNamespace?: string | undefined;
  /** Grants the Lease of this name, in the controller's own namespace unless another is given; no Lease unless given. */
  readonly leaderElection?:
    | { readonly leaseName: string; readonly namespace?: string | undefined }
    | undefined;
  /** Grants what Kubernetes CertificateSigningRequests need; `false` where they are not served. */
  readonly kubernetesSigningRequests?: boolean | undefined;
  /** Grants of what issuers refer to the objects of these names alone; all unless given. */
  readonly references?: ReferenceNames | undefined;
  /**
   * Who may approve requests for these issuers: cert-manager's built-in approver, {@link defaultApprover}, unless
   * given. `false` grants nobody.
   */
  readonly approver?: ServiceAccountRef | false | undefined;
}

/** The ServiceAccount of cert-manager's controller as its chart installs it. */
export const defaultApprover: ServiceAccountRef = Object.freeze({
  namespace: "cert-manager",
  name: "cert-manager",
});

const read = ["get", "list", "watch"];
/** What issuers refer to is never read but by its watch. */
const watchOnly = ["list", "watch"];

/**
 * The roles that a controller of this definition needs and no more, each followed by its binding.
 *
 * Secrets, which are written to only with `savesCredentials`, ConfigMaps and tokens: a namespaced issuer may name an object of any namespace that it is created in, so its
 * controller has the right in all of them; the controller of a cluster kind alone has it in one namespace; one whose
 * definition has no `secrets`, `configMaps` or `requestsTokens` has none. With `namespaces` all rights end there, but for
 * the approver's, which are not the controller's.
 */
export function issuerRbac(
  whole: IssuerDefinition,
  options: IssuerRbacOptions,
): readonly (RoleManifest | RoleBindingManifest)[] {
  const { serviceAccount, leaderElection, namespaces, approver = defaultApprover } = options;
  const definition = withinNamespaces(whole, namespaces);
  const { namespace } = serviceAccount;
  const grant = granter(definition);
  const allNamespaces = definition.kinds.some(({ scope }) => scope === "Namespaced");
  const references = referenceRules(definition, options.references);
  const inCluster = namespaces === undefined;
  const withSigningRequests = inCluster && options.kubernetesSigningRequests !== false;
  const rules = [
    ...controllerRules(definition),
    ...(withSigningRequests ? signingRequestRules(definition) : []),
    ...(allNamespaces ? references : []),
  ];
  const manifests = (namespaces ?? [undefined]).flatMap((each) =>
    grant("controller", serviceAccount, rules, each),
  );
  if (!allNamespaces && references.length > 0) {
    manifests.push(
      ...grant("references", serviceAccount, references, options.clusterResourceNamespace ?? namespace),
    );
  }
  if (leaderElection !== undefined) {
    const rules = leaseRules(leaderElection.leaseName);
    manifests.push(...grant("leader-election", serviceAccount, rules, leaderElection.namespace ?? namespace));
  }
  if (approver !== false) manifests.push(...grant("approver", approver, [approveRule(definition)]));
  return manifests;
}

function controllerRules({ group, kinds }: IssuerDefinition): readonly PolicyRule[] {
  const plurals = kinds.map(({ plural }) => plural);
  const statuses = plurals.map((plural) => `${plural}/status`);
  return [
    { apiGroups: ["cert-manager.io"], resources: ["certificaterequests"], verbs: read },
    { apiGroups: ["cert-manager.io"], resources: ["certificaterequests/status"], verbs: ["patch"] },
    { apiGroups: [group], resources: plurals, verbs: read },
    { apiGroups: [group], resources: statuses, verbs: ["patch"] },
    { apiGroups: ["events.k8s.io"], resources: ["events"], verbs: ["create", "patch"] },
  ];
}

function referenceRules(
  { readsSecrets, readsConfigMaps, requestsTokens, savesCredentials }: IssuerDefinition,
  { secrets, savedSecrets = secrets, configMaps, serviceAccounts }: ReferenceNames = {},
): readonly PolicyRule[] {
  const rule = (resource: string, verbs: readonly string[], names?: readonly string[]): PolicyRule => ({
    apiGroups: [""],
    resources: [resource],
    verbs,
    ...(names === undefined ? {} : { resourceNames: names }),
  });
  return [
    ...(readsSecrets ? [rule("secrets", watchOnly, secrets)] : []),
    ...(savesCredentials.length > 0 ? [rule("secrets", ["patch"], savedSecrets)] : []),
    ...(readsConfigMaps ? [rule("configmaps", watchOnly, configMaps)] : []),
    ...(requestsTokens ? [rule("serviceaccounts/token", ["create"], serviceAccounts)] : []),
  ];
}

/**
 * The CertificateSigning admission plugin asks for `sign` on the signer before it lets a certificate be written. For a
 * namespaced issuer the requester's right to reference it is asked by a SubjectAccessReview.
 */
function signingRequestRules({ group, kinds }: IssuerDefinition): readonly PolicyRule[] {
  const apiGroups = ["certificates.k8s.io"];
  const resourceNames = kinds.map(({ plural }) => `${plural}.${group}/*`);
  const review = {
    apiGroups: ["authorization.k8s.io"],
    resources: ["subjectaccessreviews"],
    verbs: ["create"],
  };
  return [
    { apiGroups, resources: ["certificatesigningrequests"], verbs: read },
    { apiGroups, resources: ["certificatesigningrequests/status"], verbs: ["patch"] },
    { apiGroups, resources: ["signers"], verbs: ["sign"], resourceNames },
    ...(kinds.some(({ scope }) => scope === "Namespaced") ? [review] : []),
  ];
}

function leaseRules(leaseName: string): readonly PolicyRule[] {
  const lease = { apiGroups: ["coordination.k8s.io"], resources: ["leases"] };
  // RBAC cannot tie `create` to a name, since the name is not in the request's path.
  return [
    { ...lease, verbs: ["create"] },
    { ...lease, verbs: ["get", "update"], resourceNames: [leaseName] },
  ];
}

/** cert-manager's webhook asks for `approve` on `signers`, which exist in RBAC only, by `<plural>.<group>/*`. */
function approveRule({ group, kinds }: IssuerDefinition): PolicyRule {
  const resourceNames = kinds.map(({ plural }) => `${plural}.${group}/*`);
  return { apiGroups: ["cert-manager.io"], resources: ["signers"], verbs: ["approve"], resourceNames };
}

type Grant = (
  component: string,
  subject: ServiceAccountRef,
  rules: readonly PolicyRule[],
  namespace?: string,
) => (RoleManifest | RoleBindingManifest)[];

/** Makes a role and its binding: of the cluster, or of `namespace` where one is given. */
function granter(definition: IssuerDefinition): Grant {
  return (component, subject, rules, namespace) => {
    const apiVersion = "rbac.authorization.k8s.io/v1";
    const name = `${definitionName(definition)}:${component}`;
    const labels = manifestLabels(definition, component);
    const metadata = namespace === undefined ? { name, labels } : { name, namespace, labels };
    const kind = namespace === undefined ? "ClusterRole" : "Role";
    return [
      { apiVersion, kind, metadata, rules },
      {
        apiVersion,
        kind: `${kind}Binding`,
        metadata,
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind, name },
        subjects: [{ kind: "ServiceAccount", namespace: subject.namespace, name: subject.name }],
      },
    ];
  };
}
