import {
  type Condition,
  type IssuerDefinition,
  issuerManifests,
  type KubeObject,
  type ServiceAccountRef,
} from "@countersign/issuer-core";
import { acme } from "../../examples/http-pki/src/acme.ts";
import { softwareCa } from "../../examples/software-ca/src/software-ca.ts";
import type { AdminKube, Draft } from "./admin-kube.ts";
import { isTrue } from "./conditions.ts";
import { eventually } from "./eventually.ts";
import { crds, manifestTypes, namespaces } from "./resources.ts";

/** Where the issuers run, and where the Secrets of cluster issuers are. */
export const issuerNamespace = "issuer-system";

/** A definition and the ServiceAccount that serves it. */
export interface Identity {
  readonly definition: IssuerDefinition;
  readonly account: ServiceAccountRef;
  /** Whether cert-manager's approver may approve its requests; the test does so otherwise. */
  readonly autoApproved: boolean;
}

function identity(name: string, definition: IssuerDefinition, autoApproved = true): Identity {
  return { definition, account: { namespace: issuerNamespace, name }, autoApproved };
}

export const softwareCaIssuer: Identity = identity("software-ca", softwareCa);
export const httpPkiIssuer: Identity = identity("http-pki", acme);
/** software-ca under another group, whose requests nobody approves but the test. */
export const manualIssuer: Identity = identity(
  "manual",
  { ...softwareCa, group: "manual.example.com" },
  false,
);
/** The kinds of software-ca under a group that nobody serves. */
export const foreignIssuer: Identity = identity(
  "foreign",
  { ...softwareCa, group: "foreign.example.com" },
  false,
);

const identities = [softwareCaIssuer, httpPkiIssuer, manualIssuer, foreignIssuer];

/** The user of an identity, as the API server logs it. */
export function userOf({ account }: Identity): string {
  return `system:serviceaccount:${account.namespace}:${account.name}`;
}

/** What a stand-in for cert-manager approves: what RBAC lets the real one approve. */
export function mayApprove(group: string | undefined): boolean {
  return identities.some(({ definition, autoApproved }) => autoApproved && definition.group === group);
}

/** Applies what `issuerManifests` generates, and nothing more; resolves when every CRD is established. */
export async function installIdentities(kube: AdminKube): Promise<void> {
  await kube.apply(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: issuerNamespace } });
  for (const { definition, account, autoApproved } of identities) {
    const approver = autoApproved ? undefined : false;
    for (const manifest of issuerManifests(definition, { serviceAccount: account, approver })) {
      const type = manifestTypes.find(({ kind }) => kind === manifest.kind);
      if (type === undefined) throw new Error(`no resource is known for the kind ${manifest.kind}`);
      await kube.apply(type, manifest as unknown as Draft);
    }
  }
  await untilEstablished(kube);
}

interface Crd extends KubeObject {
  /** The API server writes null before the first condition. */
  readonly status?: { readonly conditions?: readonly Condition[] | null };
}

async function untilEstablished(kube: AdminKube): Promise<void> {
  await eventually(
    { timeout: 15_000, interval: 50 },
    "every CRD established",
    () => kube.list<Crd>(crds),
    (all) => all.every(({ status }) => isTrue(status?.conditions ?? undefined, "Established")),
  );
}
