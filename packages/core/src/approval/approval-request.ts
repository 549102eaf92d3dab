import { isKubeApiError } from "../kube/kube-api-error.ts";
import { resourcePath } from "../kube/resource-path.ts";
import type { KubeTransport } from "../kube/transport.ts";
import type { CertificateRequest, CertificateSigningRequest, ResourceType } from "../kube/types.ts";
import { certificateRequests, certificateSigningRequests } from "../run/resource-types.ts";
import { ApprovalError } from "./approval-error.ts";

/** Which request a decision is about. */
export type RequestToApprove =
  | { readonly kind: "CertificateRequest"; readonly namespace: string; readonly name: string }
  | { readonly kind: "CertificateSigningRequest"; readonly name: string };

/** cert-manager's request, or Kubernetes' own. */
export type ApprovableRequest = CertificateRequest | CertificateSigningRequest;

/** How the request is called in messages, such as `CertificateRequest team/web`. */
export function requestTitle(request: RequestToApprove): string {
  const within = request.kind === "CertificateRequest" ? `${request.namespace}/` : "";
  return `${request.kind} ${within}${request.name}`;
}

/** The resource that requests of the kind belong to. */
export function requestType({ kind }: RequestToApprove): ResourceType {
  return kind === "CertificateRequest" ? certificateRequests : certificateSigningRequests;
}

/** The path of the request, or of its part that decisions are written to. */
export function requestPath(request: RequestToApprove, part: "object" | "decision"): string {
  const { name } = request;
  const namespace = request.kind === "CertificateRequest" ? request.namespace : undefined;
  // cert-manager's webhook judges `status`; Kubernetes has a subresource for decisions alone.
  const decision = request.kind === "CertificateRequest" ? "status" : "approval";
  const subresource = part === "decision" ? decision : undefined;
  return resourcePath(requestType(request), { namespace, name, subresource });
}

/** @throws ApprovalError `gone` when there is no such request. */
export async function readRequest(
  transport: KubeTransport,
  request: RequestToApprove,
  signal?: AbortSignal | undefined,
): Promise<ApprovableRequest> {
  try {
    return await transport.request<ApprovableRequest>({ path: requestPath(request, "object"), signal });
  } catch (error) {
    if (!isKubeApiError(error, 404)) throw error;
    throw gone(request);
  }
}

/** The error for a request that is not there. */
export function gone(request: RequestToApprove): ApprovalError {
  return new ApprovalError(
    "gone",
    `${requestTitle(request)} does not exist: check its name${request.kind === "CertificateRequest" ? " and namespace" : ""}`,
  );
}
