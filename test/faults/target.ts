import type { KubeConnection } from "@countersign/issuer-core";
import type { AdminKube } from "../e2e/admin-kube.ts";
import type { Upstream } from "./fixtures/api-relay.ts";

/** An API server that the cases run on, with cert-manager's CRDs and nobody who approves or signs. */
export interface FaultsTarget extends AsyncDisposable {
  readonly upstream: Upstream;
  /** Of the administrator. */
  readonly token: string;
  readonly connection: KubeConnection;
  readonly kube: AdminKube;
  /** The first number where time is short, the second where the case is to be proved at full size. */
  size(small: number, full: number): number;
  /** Takes the API server away and brings it back. */
  restart(): Promise<void>;
}

/** What the cases are registered with: the target exists only once `beforeAll` has run. */
export type TargetOf = () => FaultsTarget;
