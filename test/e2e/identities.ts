import {
  type Condition,
  defineIssuer,
  type IssuerDefinition,
  type IssuerRbacOptions,
  issuerManifests,
  type KubeObject,
  type ServiceAccountRef,
} from "@countersign/issuer-core";
import { acme } from "../../examples/http-pki/src/acme.ts";
import { softwareCa } from "../../examples/software-ca/src/software-ca.ts";
import type { AdminKube, Draft } from "./admin-kube.ts";
import { isTrue } from "./conditions.ts";
import { eventually } from "./eventually.ts";
import { guardedPki } from "./fixtures/guarded-pki.ts";
import { crds, manifestTypes, namespaces } from "./resources.ts";

/** Where the issuers run, and where the Secrets of cluster issuers are. */
export const issuerNamespace = "issuer-system";

/** A definition and the ServiceAccount that serves it. */
export interface Identity {
  readonly definition: IssuerDefinition;
  readonly account: ServiceAccountRef;
  /** Whether cert-manager's approver may approve its requests; the test does so otherwise. */
  readonly autoApproved: boolean;
  /** What its RBAC is generated with: as the manifests are applied, and as the tests know what is granted. */
  readonly rbac: IssuerRbacOptions;
}

function identity(
  name: string,
  definition: IssuerDefinition,
  { autoApproved = true, ...rbac }: Partial<IssuerRbacOptions & Identity> = {},
): Identity {
  const account = { namespace: issuerNamespace, name };
  const approver = autoApproved ? undefined : false;
  return { definition, account, autoApproved, rbac: { serviceAccount: account, approver, ...rbac } };
}

export const softwareCaIssuer: Identity = identity("software-ca", softwareCa);
export const httpPkiIssuer: Identity = identity("http-pki", acme);
/** software-ca under another group, whose requests nobody approves but the test. */
export const manualIssuer: Identity = identity(
  "manual",
  { ...softwareCa, group: "manual.example.com" },
  { autoApproved: false },
);
/** The kinds of software-ca under a group that nobody serves. */
export const foreignIssuer: Identity = identity(
  "foreign",
  { ...softwareCa, group: "foreign.example.com" },
  { autoApproved: false },
);

const version = "v1";
/** An issuer that uses everything that the SDK has for backends, and competes for a Lease. */
export const guardedIssuer: Identity = identity(
  "guarded",
  defineIssuer({
    ...guardedPki,
    group: "guarded.example.com",
    version,
    kinds: { namespaced: "GuardedIssuer", cluster: "GuardedClusterIssuer" },
  }),
  { leaderElection: { leaseName: "guarded" } },
);
/** The same for cluster issuers alone: its rights are in one namespace, and to objects of these names. */
export const fencedIssuer: Identity = identity(
  "fenced",
  defineIssuer({
    ...guardedPki,
    group: "fenced.example.com",
    version,
    kinds: { cluster: "FencedClusterIssuer" },
  }),
  {
    leaderElection: { leaseName: "fenced" },
    references: {
      secrets: ["fenced-client", "fenced-pass"],
      savedSecrets: ["fenced-pass"],
      configMaps: ["fenced-trust"],
      serviceAccounts: ["fenced-login"],
    },
  },
);
/** software-ca in two namespaces alone, which exist once {@link installIdentities} has run. */
export const boundedIssuer: Identity = identity(
  "bounded",
  { ...softwareCa, group: "bounded.example.com" },
  { namespaces: ["bounded-a", "bounded-b"], leaderElection: { leaseName: "bounded" } },
);
/** The same with the right to tokens of a ServiceAccount that no issuer names. */
export const barredIssuer: Identity = identity(
  "barred",
  defineIssuer({
    ...guardedPki,
    group: "barred.example.com",
    version,
    kinds: { namespaced: "BarredIssuer" },
  }),
  { references: { serviceAccounts: ["somebody-else"] } },
);

/** The same with the right to write to a Secret that no issuer names. */
export const readOnlyIssuer: Identity = identity(
  "read-only",
  defineIssuer({
    ...guardedPki,
    group: "readonly.example.com",
    version,
    kinds: { namespaced: "ReadOnlyIssuer" },
  }),
  { references: { savedSecrets: ["somebody-else"] } },
);

const identities = [
  softwareCaIssuer,
  httpPkiIssuer,
  manualIssuer,
  foreignIssuer,
  guardedIssuer,
  fencedIssuer,
  boundedIssuer,
  barredIssuer,
  readOnlyIssuer,
];

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
  for (const { definition, rbac } of identities) {
    for (const name of rbac.namespaces ?? [])
      await kube.apply(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
    for (const manifest of issuerManifests(definition, rbac)) {
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
