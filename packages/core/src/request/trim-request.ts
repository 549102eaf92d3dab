import type { CertificateRequest, ObjectMeta } from "../kube/types.ts";
import { findCondition } from "./condition.ts";

/** Whether a request has reached an end that nobody leaves: issued, failed or denied. */
export function isFinished(request: CertificateRequest): boolean {
  const ready = findCondition(request.status?.conditions, "Ready");
  return ready?.status === "True" || ["Issued", "Failed", "Denied"].includes(ready?.reason ?? "");
}

/** Field ownership is the API server's business, and often larger than the object. */
export function withoutManagedFields(metadata: ObjectMeta): ObjectMeta {
  const { managedFields: _, ...rest } = metadata as ObjectMeta & { readonly managedFields?: unknown };
  return rest;
}

/**
 * Drops what the cache does not need. Finished requests outnumber running ones by far, and their CSR and certificate are
 * most of their size.
 */
export function trimRequest(request: CertificateRequest): CertificateRequest {
  const metadata = withoutManagedFields(request.metadata);
  if (!isFinished(request)) return { ...request, metadata };
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
  const ready = findCondition(request.status?.conditions, "Ready");
  return {
    apiVersion: request.apiVersion,
    kind: request.kind,
    metadata: {
      name,
      uid,
      resourceVersion,
      creationTimestamp,
      ...(namespace === undefined ? {} : { namespace }),
    },
    spec: { issuerRef: request.spec.issuerRef, request: "" },
    status: { conditions: ready === undefined ? [] : [ready] },
  };
}
