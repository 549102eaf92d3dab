import { describe, inject } from "vitest";
import type {} from "./global-setup.ts";
import type { RigName } from "./rig.ts";
import type { VaultFlavour } from "./vault-node.ts";

/** The rigs that `startControlPlane` needs. */
export const CONTROL_PLANE = ["etcd", "kube-apiserver", "kubectl"] as const satisfies readonly RigName[];

/** The rigs that `startControlPlane` and `startCertManager` need. */
export const CERT_MANAGER = [...CONTROL_PLANE, "cert-manager"] as const satisfies readonly RigName[];

/** The rigs that `startVault` and `startRaftCluster` need, by flavour. */
export const VAULT = Object.freeze({
  vault: ["vault", "vault-plugin-auth-kubernetes", "vault-plugin-auth-jwt"],
  openbao: ["openbao"],
} as const satisfies { readonly [Flavour in VaultFlavour]: readonly RigName[] });

/** The rigs that `startOracle` needs. */
export const X509_ORACLE = ["x509-oracle", "x509-oracle-pkilint"] as const satisfies readonly RigName[];

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
