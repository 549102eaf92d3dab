import type { KubeConnection, ServiceAccountRef } from "@countersign/issuer-core";
import type { AdminKube } from "./admin-kube.ts";

/** One answered request of an API server: what its audit log says, and what the embedded API remembers. */
export interface LoggedRequest {
  readonly user: string;
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** HTTP status; 0 when the connection was reset on purpose. */
  readonly code: number;
}

/** How long a state may take to come, and how often it is looked for: for `expect.poll`, in milliseconds. */
export interface Patience {
  readonly timeout: number;
  readonly interval: number;
}

/**
 * A cluster that the cases run on: an API server with cert-manager or its stand-in, the CRDs and the RBAC of the issuers
 * under test, and nobody who signs.
 */
export interface E2eTarget extends AsyncDisposable {
  /** As the administrator. */
  readonly connection: KubeConnection;
  /** As the administrator. */
  readonly kube: AdminKube;
  readonly patience: Patience;
  /** Whether cert-manager's webhook judges requests before they are stored. */
  readonly hasWebhook: boolean;
  /** Runs kubectl as the administrator; undefined where this machine has none. */
  readonly kubectl: ((...args: readonly string[]) => Promise<string>) | undefined;
  /** As an issuer's ServiceAccount, which may do what the generated RBAC says and nothing else. */
  issuerConnection(account: ServiceAccountRef): Promise<KubeConnection>;
  /** Path of a kubeconfig for the same. */
  issuerKubeconfig(account: ServiceAccountRef): Promise<string>;
  /** Every request that has been answered, in order. It only grows, so a length marks a moment. */
  log(): Promise<readonly LoggedRequest[]>;
  /** Takes the API server away for a moment: open connections are cut, new ones fail. Resolves when it is back. */
  outage(): Promise<void>;
}

/** What the cases are registered with: the target exists only once `beforeAll` has run. */
export type TargetOf<T extends E2eTarget = E2eTarget> = () => T;
