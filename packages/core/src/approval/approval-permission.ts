import type { PolicyRule } from "../definition/issuer-rbac.ts";
import { isKubeApiError } from "../kube/kube-api-error.ts";
import type { KubeTransport } from "../kube/transport.ts";
import type { CertificateRequest, CertificateSigningRequest, KubeObject } from "../kube/types.ts";
import { type RequestToApprove, readRequest, requestType } from "./approval-request.ts";

/** Options of {@link checkApprovalPermission}. */
export interface CheckApprovalPermissionOptions {
  /** Whose permission is looked up: that of its credentials. */
  readonly transport: KubeTransport;
  readonly request: RequestToApprove;
  readonly signal?: AbortSignal | undefined;
}

/** Whether one may decide about a request, and by which right. */
export interface ApprovalPermission {
  readonly allowed: boolean;
  /** The names of the signer that were asked for, in the order in which they are judged; one of them is enough. */
  readonly signers: readonly string[];
  /** The rules of a ClusterRole that would add what is missing; empty when nothing is. */
  readonly missing: readonly PolicyRule[];
  /** No kind of the cluster has the request's group and kind: then nobody may approve, whatever RBAC says. */
  readonly unknownIssuer: boolean;
}

interface Access {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
}

/**
 * Asks by SelfSubjectAccessReviews for what approval and denial need: `approve` on the signer, by the names that
 * cert-manager's webhook asks for, or the API server for Kubernetes' own requests; and the write itself. The answer
 * is of this moment: only the write decides.
 *
 * @throws ApprovalError `gone` when there is no such request; KubeApiError when the server does not answer reviews.
 */
export async function checkApprovalPermission(
  options: CheckApprovalPermissionOptions,
): Promise<ApprovalPermission> {
  const { transport, request, signal } = options;
  const object = await readRequest(transport, request, signal);
  const { group, plural } = requestType(request);
  const isOfCertManager = request.kind === "CertificateRequest";
  const signers = isOfCertManager
    ? await webhookSigners(transport, object as CertificateRequest, signal)
    : apiServerSigners(object as CertificateSigningRequest);
  const subresource = isOfCertManager ? "status" : "approval";
  const [mayWrite, ...mayApprove] = await Promise.all([
    isAllowed(
      transport,
      { verb: "update", group, resource: plural, subresource, ...target(request) },
      signal,
    ),
    ...signers.map((name) =>
      isAllowed(transport, { verb: "approve", group, resource: "signers", name }, signal),
    ),
  ]);
  const mayDecide = mayApprove.includes(true);
  const missing: PolicyRule[] = [];
  if (!mayDecide && signers.length > 0) {
    const narrowest = signers.filter((name) => !name.endsWith("/*"));
    missing.push({
      apiGroups: [group],
      resources: ["signers"],
      verbs: ["approve"],
      resourceNames: narrowest,
    });
  }
  if (!mayWrite)
    missing.push({ apiGroups: [group], resources: [`${plural}/${subresource}`], verbs: ["update"] });
  return {
    allowed: mayWrite === true && mayDecide,
    signers,
    missing,
    unknownIssuer: signers.length === 0,
  };
}

function target(request: RequestToApprove): Pick<Access, "namespace" | "name"> {
  return request.kind === "CertificateRequest"
    ? { namespace: request.namespace, name: request.name }
    : { name: request.name };
}

/** The API server's CertificateApproval admission: the signer's name, then all signers of its domain. */
function apiServerSigners({ spec: { signerName } }: CertificateSigningRequest): readonly string[] {
  return [signerName, `${signerName.slice(0, signerName.indexOf("/"))}/*`];
}

/** cert-manager's webhook: all signers of the kind, then the one; the namespace is the request's own. */
async function webhookSigners(
  transport: KubeTransport,
  { metadata, spec }: CertificateRequest,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const { name, group, kind } = spec.issuerRef;
  const resource = await discover(transport, group || "cert-manager.io", kind || "Issuer", signal);
  if (resource === undefined) return [];
  const signer = `${resource.name}.${group || "cert-manager.io"}`;
  return [`${signer}/*`, `${signer}/${resource.namespaced ? `${metadata.namespace}.` : ""}${name}`];
}

interface ServedResource {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

async function discover(
  transport: KubeTransport,
  group: string,
  kind: string,
  signal: AbortSignal | undefined,
): Promise<ServedResource | undefined> {
  const root = `/apis/${encodeURIComponent(group)}`;
  const read = async <T>(path: string): Promise<T | undefined> => {
    try {
      return await transport.request<T>({ path, signal });
    } catch (error) {
      if (isKubeApiError(error, 404)) return undefined;
      throw error;
    }
  };
  const found = await read<{ readonly versions: readonly { readonly version: string }[] }>(root);
  for (const { version } of found?.versions ?? []) {
    const served = await read<{ readonly resources: readonly ServedResource[] }>(`${root}/${version}`);
    const resource = served?.resources.find((each) => each.kind === kind && !each.name.includes("/"));
    if (resource !== undefined) return resource;
  }
  return undefined;
}

async function isAllowed(
  transport: KubeTransport,
  resourceAttributes: Access,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const review = await transport.request<KubeObject & { readonly status: { readonly allowed: boolean } }>({
    method: "POST",
    path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
    body: {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      spec: { resourceAttributes },
    },
    signal,
  });
  return review.status.allowed;
}
