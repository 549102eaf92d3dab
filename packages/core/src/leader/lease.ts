import { isKubeApiError } from "../kube/kube-api-error.ts";
import { resourcePath } from "../kube/resource-path.ts";
import type { KubeTransport } from "../kube/transport.ts";
import type { KubeObject, ResourceType } from "../kube/types.ts";

/** coordination.k8s.io/v1 LeaseSpec: the fields of an election. Times are MicroTime texts. */
export interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

/** coordination.k8s.io/v1 Lease. */
export interface Lease extends KubeObject {
  readonly spec?: LeaseSpec;
}

/** Bounds of one call. */
export interface LeaseCall {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs: number;
}

/** One Lease in the cluster. Errors are the transport's; a write that lost a race is a KubeApiError 409. */
export interface LeaseClient {
  /** Undefined where there is no such Lease. */
  read(call: LeaseCall): Promise<Lease | undefined>;
  create(spec: LeaseSpec, call: LeaseCall): Promise<Lease>;
  /** Succeeds only while the Lease is as it was read: its resourceVersion goes with it. */
  replace(lease: Lease, spec: LeaseSpec, call: LeaseCall): Promise<Lease>;
}

const leases: ResourceType = Object.freeze({
  group: "coordination.k8s.io",
  version: "v1",
  kind: "Lease",
  plural: "leases",
  namespaced: true,
});

/** The Lease of that name, with the verbs get, create and update. */
export function leaseClient(
  transport: KubeTransport,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): LeaseClient {
  const path = resourcePath(leases, { namespace, name });
  return {
    async read(call) {
      try {
        return await transport.request<Lease>({ path, ...call });
      } catch (error) {
        if (isKubeApiError(error, 404)) return undefined;
        throw error;
      }
    },
    create: (spec, call) =>
      transport.request<Lease>({
        method: "POST",
        path: resourcePath(leases, { namespace }),
        body: { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { namespace, name }, spec },
        ...call,
      }),
    replace: (lease, spec, call) =>
      transport.request<Lease>({ method: "PUT", path, body: { ...lease, spec }, ...call }),
  };
}

/** A metav1.MicroTime of that moment, in milliseconds since the epoch. */
export function microTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, -1)}000Z`;
}
