import type { KubeObject } from "@countersign/issuer-core";
import type { AdminKube } from "./admin-kube.ts";
import { events } from "./resources.ts";

/** An event of events.k8s.io about a request. */
export interface RequestEvent extends KubeObject {
  readonly type: string;
  readonly reason: string;
  readonly note: string;
  readonly regarding: { readonly kind: string; readonly name: string };
}

/** The events about a CertificateRequest that the API server has. */
export async function requestEvents(
  kube: AdminKube,
  namespace: string,
  name: string,
): Promise<readonly RequestEvent[]> {
  const all = await kube.list<RequestEvent>(events, namespace);
  return all.filter(({ regarding }) => regarding.kind === "CertificateRequest" && regarding.name === name);
}
