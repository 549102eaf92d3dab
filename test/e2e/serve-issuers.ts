import { type RunningIssuer, startIssuer } from "@countersign/issuer-core";
import { afterAll, beforeAll } from "vitest";
import { type Identity, issuerNamespace } from "./identities.ts";
import { SignLedger } from "./sign-ledger.ts";
import type { TargetOf } from "./target.ts";

/** Runs issuers in this process during the surrounding `describe`, each under its own ServiceAccount. */
export function serveIssuers(target: TargetOf, ...identities: readonly Identity[]): SignLedger {
  const ledger = new SignLedger();
  const running: RunningIssuer[] = [];
  beforeAll(async () => {
    for (const { definition, account, rbac } of identities) {
      const { leaderElection: lease } = rbac;
      const issuer = startIssuer(ledger.observe(definition), {
        connection: await target().issuerConnection(account),
        clusterResourceNamespace: issuerNamespace,
        namespaces: rbac.namespaces,
        instance: account.name,
        leaderElection: lease && {
          leaseName: lease.leaseName,
          namespace: issuerNamespace,
          identity: account.name,
        },
      });
      running.push(issuer);
      await issuer.synced;
    }
  });
  afterAll(async () => {
    await Promise.all(running.map((issuer) => issuer.stop()));
  });
  return ledger;
}
