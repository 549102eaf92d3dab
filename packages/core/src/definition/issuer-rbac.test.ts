import { issued } from "@countersign/issuer-signer";
import { configMapKeyRef, secretKeyRef } from "@countersign/issuer-signer/spec";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { defineIssuer, type IssuerKinds } from "./define-issuer.ts";
import { type IssuerRbacOptions, issuerRbac, type PolicyRule } from "./issuer-rbac.ts";

const serviceAccount = { namespace: "pki", name: "acme-issuer" };
const both = { namespaced: "AcmeIssuer", cluster: "AcmeClusterIssuer" };

function rbac(kinds: IssuerKinds, options: Partial<IssuerRbacOptions> = {}, readsSecrets = true) {
  const definition = defineIssuer({
    group: "pki.example.com",
    version: "v1alpha1",
    kinds,
    spec: z.object({ tokenSecretRef: secretKeyRef() }),
    secrets: readsSecrets ? (spec) => ({ token: spec.tokenSecretRef }) : undefined,
    connect: () => ({ check: async () => undefined, sign: async () => issued({ chain: "" }) }),
  });
  return issuerRbac(definition, { serviceAccount, ...options });
}

/** Every right as `role group/resource verb`, with the names it is limited to. */
function rights(manifests: ReturnType<typeof issuerRbac>): readonly string[] {
  return manifests.flatMap((manifest) => {
    if (!("rules" in manifest)) return [];
    const role = [manifest.metadata.namespace, manifest.metadata.name.split(":")[1]]
      .filter(Boolean)
      .join("/");
    return manifest.rules.flatMap((rule) => ruleRights(rule).map((right) => `${role} ${right}`));
  });
}

function ruleRights({ apiGroups, resources, verbs, resourceNames }: PolicyRule): readonly string[] {
  const names = resourceNames === undefined ? "" : ` ${resourceNames.join(",")}`;
  return apiGroups.flatMap((group) =>
    resources.flatMap((resource) => verbs.map((verb) => `${group}/${resource} ${verb}${names}`)),
  );
}

const forRequests = [
  "controller cert-manager.io/certificaterequests get",
  "controller cert-manager.io/certificaterequests list",
  "controller cert-manager.io/certificaterequests watch",
  "controller cert-manager.io/certificaterequests/status patch",
];
const forSigningRequests = [
  "controller certificates.k8s.io/certificatesigningrequests get",
  "controller certificates.k8s.io/certificatesigningrequests list",
  "controller certificates.k8s.io/certificatesigningrequests watch",
  "controller certificates.k8s.io/certificatesigningrequests/status patch",
];
const forEvents = ["controller events.k8s.io/events create", "controller events.k8s.io/events patch"];
const watched = (resource: string) => ["list", "watch"].map((verb) => `${resource} ${verb}`);

describe("issuerRbac", () => {
  test("grants the controller of both kinds these rights and no other", () => {
    expect(rights(rbac(both))).toEqual([
      ...forRequests,
      ...["get", "list", "watch"].map((verb) => `controller pki.example.com/acmeissuers ${verb}`),
      ...["get", "list", "watch"].map((verb) => `controller pki.example.com/acmeclusterissuers ${verb}`),
      "controller pki.example.com/acmeissuers/status patch",
      "controller pki.example.com/acmeclusterissuers/status patch",
      ...forEvents,
      ...forSigningRequests,
      "controller certificates.k8s.io/signers sign acmeissuers.pki.example.com/*,acmeclusterissuers.pki.example.com/*",
      "controller authorization.k8s.io/subjectaccessreviews create",
      ...watched("controller /secrets"),
      "approver cert-manager.io/signers approve acmeissuers.pki.example.com/*,acmeclusterissuers.pki.example.com/*",
    ]);
  });

  test("grants nothing of certificates.k8s.io where its requests are not served", () => {
    const granted = rights(rbac(both, { kubernetesSigningRequests: false }));
    expect(granted.filter((right) => /certificates\.k8s\.io|authorization/.test(right))).toEqual([]);
  });

  test("asks for access reviews only where a namespaced issuer may be referenced", () => {
    const granted = rights(rbac({ cluster: "AcmeClusterIssuer" }));
    expect(granted.filter((right) => right.includes("subjectaccessreviews"))).toEqual([]);
  });

  test("lets the controller of a cluster kind alone read the Secrets of one namespace", () => {
    const granted = rights(rbac({ cluster: "AcmeClusterIssuer" }));
    expect(granted.filter((right) => right.includes("secrets"))).toEqual(watched("pki/references /secrets"));
    const elsewhere = rights(
      rbac({ cluster: "AcmeClusterIssuer" }, { clusterResourceNamespace: "cert-manager" }),
    );
    expect(elsewhere.filter((right) => right.includes("secrets"))).toEqual(
      watched("cert-manager/references /secrets"),
    );
  });

  test.each([[both], [{ namespaced: "AcmeIssuer" }], [{ cluster: "AcmeClusterIssuer" }]])(
    "grants no Secret to a definition of %j that names none",
    (kinds) => {
      expect(rights(rbac(kinds, {}, false)).filter((right) => right.includes("secrets"))).toEqual([]);
    },
  );

  test.each([
    [both, "controller"],
    [{ cluster: "AcmeClusterIssuer" }, "pki/references"],
  ])("grants ConfigMaps and tokens to a definition of %j that needs them", (kinds, role) => {
    const definition = defineIssuer({
      group: "pki.example.com",
      version: "v1alpha1",
      kinds,
      spec: z.object({ caRef: configMapKeyRef() }),
      configMaps: (spec) => ({ ca: spec.caRef }),
      requestsTokens: true,
      connect: () => ({ check: async () => undefined, sign: async () => issued({ chain: "" }) }),
    });
    const references = (options: Partial<IssuerRbacOptions> = {}) =>
      rights(issuerRbac(definition, { serviceAccount, ...options })).filter((right) => right.includes(" /"));
    expect(references()).toEqual([
      ...watched(`${role} /configmaps`),
      `${role} /serviceaccounts/token create`,
    ]);
    const names = { secrets: ["s"], configMaps: ["a", "b"], serviceAccounts: ["pki"] };
    expect(references({ references: names })).toEqual([
      ...watched(`${role} /configmaps`).map((right) => `${right} a,b`),
      `${role} /serviceaccounts/token create pki`,
    ]);
  });

  test("grants the Secrets of some names alone where they are given", () => {
    const granted = rights(rbac(both, { references: { secrets: ["acme-token"] } }));
    expect(granted.filter((right) => right.includes("/secrets"))).toEqual(
      watched("controller /secrets").map((right) => `${right} acme-token`),
    );
  });

  test.each([
    [both, "controller"],
    [{ cluster: "AcmeClusterIssuer" }, "pki/references"],
  ])("grants `patch` on Secrets to a definition of %j that saves some of them", (kinds, role) => {
    const definition = defineIssuer({
      group: "pki.example.com",
      version: "v1alpha1",
      kinds,
      spec: z.object({ tokenSecretRef: secretKeyRef() }),
      secrets: (spec) => ({ token: spec.tokenSecretRef }),
      savesCredentials: ["token"],
      connect: () => ({ check: async () => undefined, sign: async () => issued({ chain: "" }) }),
    });
    const secrets = (references?: IssuerRbacOptions["references"]) =>
      rights(issuerRbac(definition, { serviceAccount, references })).filter((right) =>
        right.includes("/secrets"),
      );
    expect(secrets()).toEqual([...watched(`${role} /secrets`), `${role} /secrets patch`]);
    expect(secrets({ secrets: ["a", "b"] })).toEqual([
      ...watched(`${role} /secrets`).map((right) => `${right} a,b`),
      `${role} /secrets patch a,b`,
    ]);
    expect(secrets({ secrets: ["a", "b"], savedSecrets: ["b"] }).at(-1)).toBe(`${role} /secrets patch b`);
  });

  test("grants all of it by Roles where only some namespaces are served, and nothing of the whole cluster", () => {
    const manifests = rbac(both, { namespaces: ["team-a", "team-b"], references: { secrets: ["token"] } });
    const inTeam = (team: string) => [
      ...forRequests.map((right) => `${team}/${right}`),
      ...["get", "list", "watch"].map((verb) => `${team}/controller pki.example.com/acmeissuers ${verb}`),
      `${team}/controller pki.example.com/acmeissuers/status patch`,
      ...forEvents.map((right) => `${team}/${right}`),
      ...watched(`${team}/controller /secrets`).map((right) => `${right} token`),
    ];
    expect(rights(manifests)).toEqual([
      ...inTeam("team-a"),
      ...inTeam("team-b"),
      "approver cert-manager.io/signers approve acmeissuers.pki.example.com/*",
    ]);
    const ofController = manifests.filter(({ metadata }) => metadata.name.endsWith(":controller"));
    expect(ofController.map(({ kind, metadata }) => `${kind} ${metadata.namespace}`)).toEqual([
      "Role team-a",
      "RoleBinding team-a",
      "Role team-b",
      "RoleBinding team-b",
    ]);
  });

  test.each([
    [{ cluster: "AcmeClusterIssuer" }, ["team-a"]],
    [both, []],
  ])("refuses namespaces where nothing is left to serve: %j in %j", (kinds, namespaces) => {
    expect(() => rbac(kinds, { namespaces })).toThrow(TypeError);
  });

  test("grants the one Lease only where leader election is asked for", () => {
    const lease = (options: Partial<IssuerRbacOptions>) =>
      rights(rbac(both, options)).filter((right) => right.includes("leases"));
    expect(lease({})).toEqual([]);
    expect(lease({ leaderElection: { leaseName: "acme" } })).toEqual([
      "pki/leader-election coordination.k8s.io/leases create",
      "pki/leader-election coordination.k8s.io/leases get acme",
      "pki/leader-election coordination.k8s.io/leases update acme",
    ]);
    expect(lease({ leaderElection: { leaseName: "acme", namespace: "locks" } })[0]).toBe(
      "locks/leader-election coordination.k8s.io/leases create",
    );
  });

  test("binds every role to its subject, in the role's own scope", () => {
    const manifests = rbac({ cluster: "AcmeClusterIssuer" }, { leaderElection: { leaseName: "acme" } });
    const bindings = manifests.filter((manifest) => "roleRef" in manifest);
    const roles = manifests.filter((manifest) => "rules" in manifest);
    expect(bindings).toHaveLength(roles.length);
    for (const [at, binding] of bindings.entries()) {
      const role = roles[at];
      expect(binding.kind).toBe(`${role?.kind}Binding`);
      expect(binding.metadata).toEqual(role?.metadata);
      expect(binding.roleRef).toMatchObject({ kind: role?.kind, name: role?.metadata.name });
      const approves = role?.metadata.name.endsWith(":approver") === true;
      expect(binding.subjects).toEqual([
        {
          kind: "ServiceAccount",
          ...(approves ? { namespace: "cert-manager", name: "cert-manager" } : serviceAccount),
        },
      ]);
    }
  });

  test("lets another approver, or none, approve", () => {
    const policy = { namespace: "cert-manager", name: "approver-policy" };
    const [binding] = rbac(both, { approver: policy }).slice(-1);
    expect(binding).toMatchObject({ subjects: [{ kind: "ServiceAccount", ...policy }] });
    expect(rights(rbac(both, { approver: false })).filter((right) => right.includes("approve"))).toEqual([]);
  });

  test("never grants the controller the right to approve", () => {
    const own = rbac(both).filter(
      (manifest) => "rules" in manifest && !manifest.metadata.name.endsWith(":approver"),
    );
    expect(rights(own).filter((right) => right.includes("approve"))).toEqual([]);
  });
});
