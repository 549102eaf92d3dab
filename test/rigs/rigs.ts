import { describe, inject } from "vitest";
import type {} from "./global-setup.ts";
import type { RigName } from "./rig.ts";

/** The rigs that `startControlPlane` needs. */
export const CONTROL_PLANE = ["etcd", "kube-apiserver", "kubectl"] as const satisfies readonly RigName[];

/** The rigs that `startControlPlane` and `startCertManager` need. */
export const CERT_MANAGER = [...CONTROL_PLANE, "cert-manager"] as const satisfies readonly RigName[];

/**
 * `describe` for a suite that needs these rigs. Where one is missing the suite is skipped and its title gives the
 * reason; where `CI=true` the run has already failed in the global set-up.
 */
export function describeWithRigs(rigs: readonly RigName[], title: string, suite: () => void): void {
  const missing = inject("missingRigs");
  const reasons = rigs.flatMap((name) => missing[name] ?? []);
  const [reason] = reasons;
  if (reason === undefined) describe(title, suite);
  else describe.skip(`${title} (skipped: ${reason.split("\n")[0]})`, suite);
}
