import { configMapKeyRef, exactlyOneOf, secretKeyRef } from "@countersign/issuer-signer/spec";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import {
  type ControlPlane,
  kubectl,
  serviceAccountToken,
  startControlPlane,
} from "../../../../test/rigs/control-plane.ts";
import { expectSuccess, kubeRequest } from "../../../../test/rigs/kube-request.ts";
import { CONTROL_PLANE, describeWithRigs } from "../../../../test/rigs/rigs.ts";
import { defineIssuer } from "./define-issuer.ts";
import { applyYaml, connect, createIssuer, installDefinition } from "./install-definition.ts";
import { issuerCrds } from "./issuer-crd.ts";

const group = "pki.example.com";
const acme = defineIssuer({
  group,
  version: "v1",
  kinds: { namespaced: "AcmeIssuer", cluster: "AcmeClusterIssuer" },
  spec: z.object({
    url: z.url(),
    tokenSecretRef: secretKeyRef({ defaultKey: "token" }),
    retries: z.int().min(0).default(3),
    proxy: z.string().nullable().default(null),
    mode: z.enum(["a", "b"]).nullable().default("b"),
    tls: z
      .object({ minVersion: z.enum(["1.2", "1.3"]).default("1.2"), names: z.array(z.string()).default([]) })
      .prefault({}),
  }),
  secrets: (spec) => ({ token: spec.tokenSecretRef }),
  connect,
});
const vault = defineIssuer({
  group: "vault.example.com",
  version: "v1beta2",
  kinds: { cluster: "VaultPki" },
  spec: exactlyOneOf(
    z.object({
      tokenSecretRef: secretKeyRef().optional(),
      role: z.string().optional(),
      mount: z.string(),
      caRef: configMapKeyRef({ defaultKey: "ca.crt" }).optional(),
    }),
    ["tokenSecretRef", "role"],
  ),
  secrets: (spec) => ({ token: spec.tokenSecretRef }),
  savesCredentials: ["token"],
  configMaps: (spec) => ({ ca: spec.caRef }),
  requestsTokens: true,
  connect,
});

const bounded = defineIssuer({
  group: "bounded.example.com",
  version: "v1",
  kinds: { namespaced: "BoundedIssuer", cluster: "BoundedClusterIssuer" },
  spec: z.object({ tokenSecretRef: secretKeyRef() }),
  secrets: (spec) => ({ token: spec.tokenSecretRef }),
  savesCredentials: ["token"],
  requestsTokens: true,
  connect,
});

const plain = defineIssuer({
  group,
  version: "v1alpha1",
  kinds: { namespaced: "PlainIssuer" },
  spec: z.object({}),
  connect,
});

/** The cluster kind is not served there. */
const boundedCrds = issuerCrds(bounded).slice(0, 1);

describeWithRigs(CONTROL_PLANE, "generated manifests on a real kube-apiserver", () => {
  let controlPlane: ControlPlane;
  const serviceAccount = { namespace: "default", name: "acme-issuer" };

  beforeAll(async () => {
    controlPlane = await startControlPlane();
    await kubectl(controlPlane, "create", "namespace", "vault-secrets");
    for (const namespace of ["team-a", "team-b"])
      await kubectl(controlPlane, "create", "namespace", namespace);
    await installDefinition(controlPlane, bounded, {
      serviceAccount: { namespace: "default", name: "bounded-issuer" },
      namespaces: ["team-a", "team-b"],
      leaderElection: { leaseName: "bounded" },
    });
    await installDefinition(controlPlane, plain, {
      serviceAccount: { namespace: "default", name: "plain-issuer" },
    });
    await installDefinition(controlPlane, acme, { serviceAccount, leaderElection: { leaseName: "acme" } });
    await installDefinition(controlPlane, vault, {
      serviceAccount: { namespace: "default", name: "vault-issuer" },
      clusterResourceNamespace: "vault-secrets",
      approver: { namespace: "cert-manager", name: "approver-policy" },
      references: { serviceAccounts: ["login"], savedSecrets: ["renewed"] },
    });
  });
  afterAll(() => controlPlane?.stop());

  const crdPath = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

  test("establishes every CRD, as a structural one", async () => {
    const { items } = expectSuccess("list", await kubeRequest(controlPlane, "GET", crdPath)) as {
      readonly items: readonly {
        readonly metadata: { readonly name: string };
        readonly status: { readonly conditions: readonly { type: string; status: string }[] };
      }[];
    };
    const conditions = items.map(({ metadata, status }) => [
      metadata.name,
      status.conditions.map(({ type, status }) => `${type}=${status}`).sort(),
    ]);
    expect(conditions.sort()).toEqual(
      [...issuerCrds(acme), ...boundedCrds, ...issuerCrds(plain), ...issuerCrds(vault)]
        .map(({ metadata }) => [metadata.name, ["Established=True", "NamesAccepted=True"]])
        .sort(),
    );
  });

  test("changes nothing when the same manifests are applied again", async () => {
    const version = async () => {
      const answer = await kubeRequest(controlPlane, "GET", `${crdPath}/acmeissuers.${group}`);
      return (answer.body as { readonly metadata: { readonly resourceVersion: string } }).metadata
        .resourceVersion;
    };
    const before = await version();
    await applyYaml(controlPlane, issuerCrds(acme));
    expect(await version()).toBe(before);
  });

  test("fills in defaults, also those inside an absent object", async () => {
    const spec = { url: "https://pki", tokenSecretRef: { name: "s" } };
    const answer = await createIssuer(controlPlane, acme, "AcmeIssuer", spec);
    expect(answer).toMatchObject({
      status: 201,
      body: {
        spec: {
          url: "https://pki",
          tokenSecretRef: { name: "s", key: "token" },
          retries: 3,
          mode: "b",
          tls: { minVersion: "1.2", names: [] },
        },
      },
    });
  });

  test.each([
    ["no spec", undefined, "spec: Required value"],
    ["no url", { tokenSecretRef: { name: "s" } }, "spec.url: Required value"],
    [
      "an empty Secret name",
      { url: "https://pki", tokenSecretRef: { name: "" } },
      "spec.tokenSecretRef.name",
    ],
    [
      "an unknown enum value",
      { url: "https://pki", tokenSecretRef: { name: "s" }, tls: { minVersion: "1.0" } },
      "spec.tls.minVersion",
    ],
  ])("refuses an issuer of either scope with %s", async (_, spec, message) => {
    for (const { kind } of acme.kinds) {
      const answer = await createIssuer(controlPlane, acme, kind, spec);
      expect(answer).toMatchObject({ status: 422, body: { message: expect.stringContaining(message) } });
    }
  });

  test("enforces exactly one of the fields of a spec", async () => {
    const tryVault = (spec: unknown) => createIssuer(controlPlane, vault, "VaultPki", spec, "?dryRun=All");
    expect(await tryVault({ mount: "pki", role: "a" })).toMatchObject({ status: 201 });
    for (const spec of [
      { mount: "pki" },
      { mount: "pki", role: "a", tokenSecretRef: { name: "s", key: "k" } },
    ]) {
      expect(await tryVault(spec)).toMatchObject({
        status: 422,
        body: { message: expect.stringContaining("exactly one of tokenSecretRef, role must be set") },
      });
    }
  });

  test("shows Ready, Reason and Age, and the message where wide output is asked for", async () => {
    const head = async (...args: readonly string[]) =>
      (await kubectl(controlPlane, "get", "acmeissuers", "-n", "default", ...args))
        .split("\n")[0]
        ?.split(/\s+/);
    expect(await head()).toEqual(["NAME", "READY", "REASON", "AGE"]);
    expect(await head("-o", "wide")).toEqual(["NAME", "READY", "REASON", "MESSAGE", "AGE"]);
    expect(await kubectl(controlPlane, "get", "cert-manager", "-A", "-o", "name")).toContain(
      `acmeissuer.${group}/a-`,
    );
  });

  test("lets the controller write a condition by server-side apply, as metav1 has it and not otherwise", async () => {
    const created = await createIssuer(controlPlane, acme, "AcmeClusterIssuer", {
      url: "https://pki",
      tokenSecretRef: { name: "s" },
    });
    const { name } = (created.body as { readonly metadata: { readonly name: string } }).metadata;
    const token = await serviceAccountToken(controlPlane, serviceAccount.namespace, serviceAccount.name);
    const apply = (condition: object) => {
      const body = {
        apiVersion: `${group}/v1`,
        kind: "AcmeClusterIssuer",
        metadata: { name },
        status: { conditions: [condition] },
      };
      const path = `/apis/${group}/v1/acmeclusterissuers/${name}/status?fieldManager=acme&force=true`;
      return kubeRequest(controlPlane, "PATCH", path, {
        token,
        body,
        contentType: "application/apply-patch+yaml",
      });
    };
    const ready = {
      type: "Ready",
      status: "True",
      reason: "Checked",
      message: "x".repeat(32768),
      lastTransitionTime: "2026-01-01T00:00:00Z",
      observedGeneration: 1,
    };
    expect(await apply(ready)).toMatchObject({ status: 200, body: { status: { conditions: [ready] } } });
    for (const wrong of [
      { ...ready, reason: "not camel case" },
      { ...ready, reason: "" },
      { ...ready, status: "true" },
      { ...ready, message: "x".repeat(32769) },
      { ...ready, lastTransitionTime: "yesterday" },
      { ...ready, observedGeneration: -1 },
      { ...ready, message: undefined },
    ]) {
      expect(await apply(wrong)).toMatchObject({ status: 422 });
    }
  });

  /** Asks the authorizer, as cert-manager's webhook does. */
  async function may(account: string, verb: string, resource: string, more: object = {}): Promise<boolean> {
    const [groupResource = "", subresource = ""] = resource.split("/");
    const [name, ...groups] = groupResource.split(".");
    const resourceAttributes = { verb, resource: name, group: groups.join("."), subresource, ...more };
    const body = {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      spec: {
        user: `system:serviceaccount:${account}`,
        groups: ["system:serviceaccounts"],
        resourceAttributes,
      },
    };
    const path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
    const answer = expectSuccess("review", await kubeRequest(controlPlane, "POST", path, { body }));
    return (answer as { readonly status: { readonly allowed: boolean } }).status.allowed;
  }

  const verbs = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];
  test.each<[string, string, object, readonly string[]]>([
    ["default:acme-issuer", "certificaterequests.cert-manager.io", {}, ["get", "list", "watch"]],
    ["default:acme-issuer", "certificaterequests.cert-manager.io/status", {}, ["patch"]],
    ["default:acme-issuer", "certificatesigningrequests.certificates.k8s.io", {}, ["get", "list", "watch"]],
    ["default:acme-issuer", "certificatesigningrequests.certificates.k8s.io/status", {}, ["patch"]],
    ["default:acme-issuer", "certificatesigningrequests.certificates.k8s.io/approval", {}, []],
    ["default:acme-issuer", "subjectaccessreviews.authorization.k8s.io", {}, ["create"]],
    ["default:acme-issuer", "acmeissuers.pki.example.com", {}, ["get", "list", "watch"]],
    ["default:acme-issuer", "acmeclusterissuers.pki.example.com/status", {}, ["patch"]],
    ["default:acme-issuer", "plainissuers.pki.example.com", {}, []],
    ["default:acme-issuer", "events.events.k8s.io", {}, ["create", "patch"]],
    ["default:acme-issuer", "secrets", { namespace: "kube-system" }, ["list", "watch"]],
    [
      "default:acme-issuer",
      "leases.coordination.k8s.io",
      { namespace: "default", name: "acme" },
      ["get", "create", "update"],
    ],
    [
      "default:acme-issuer",
      "leases.coordination.k8s.io",
      { namespace: "default", name: "other" },
      ["create"],
    ],
    ["default:acme-issuer", "leases.coordination.k8s.io", { namespace: "kube-system", name: "acme" }, []],
    ["default:plain-issuer", "secrets", { namespace: "default" }, []],
    ["default:plain-issuer", "leases.coordination.k8s.io", { namespace: "default" }, []],
    ["default:vault-issuer", "secrets", { namespace: "vault-secrets" }, ["list", "watch"]],
    [
      "default:vault-issuer",
      "secrets",
      { namespace: "vault-secrets", name: "renewed" },
      ["list", "watch", "patch"],
    ],
    ["default:vault-issuer", "secrets", { namespace: "vault-secrets", name: "other" }, ["list", "watch"]],
    ["default:vault-issuer", "secrets", { namespace: "default", name: "renewed" }, []],
    ["default:vault-issuer", "secrets", { namespace: "default" }, []],
    ["default:vault-issuer", "configmaps", { namespace: "vault-secrets" }, ["list", "watch"]],
    ["default:vault-issuer", "configmaps", { namespace: "default" }, []],
    [
      "default:vault-issuer",
      "serviceaccounts/token",
      { namespace: "vault-secrets", name: "login" },
      ["create"],
    ],
    ["default:vault-issuer", "serviceaccounts/token", { namespace: "vault-secrets", name: "other" }, []],
    ["default:vault-issuer", "serviceaccounts/token", { namespace: "default", name: "login" }, []],
    ["default:vault-issuer", "serviceaccounts", { namespace: "vault-secrets" }, []],
    [
      "default:bounded-issuer",
      "certificaterequests.cert-manager.io",
      { namespace: "team-a" },
      ["get", "list", "watch"],
    ],
    [
      "default:bounded-issuer",
      "certificaterequests.cert-manager.io/status",
      { namespace: "team-b" },
      ["patch"],
    ],
    ["default:bounded-issuer", "certificaterequests.cert-manager.io", { namespace: "default" }, []],
    ["default:bounded-issuer", "certificaterequests.cert-manager.io", {}, []],
    [
      "default:bounded-issuer",
      "boundedissuers.bounded.example.com",
      { namespace: "team-b" },
      ["get", "list", "watch"],
    ],
    ["default:bounded-issuer", "boundedissuers.bounded.example.com", {}, []],
    ["default:bounded-issuer", "secrets", { namespace: "team-a" }, ["list", "watch", "patch"]],
    ["default:bounded-issuer", "secrets", { namespace: "default" }, []],
    ["default:bounded-issuer", "serviceaccounts/token", { namespace: "team-a" }, ["create"]],
    ["default:bounded-issuer", "serviceaccounts/token", { namespace: "default" }, []],
    ["default:bounded-issuer", "events.events.k8s.io", { namespace: "team-a" }, ["create", "patch"]],
    ["default:bounded-issuer", "events.events.k8s.io", { namespace: "default" }, []],
    ["default:bounded-issuer", "certificatesigningrequests.certificates.k8s.io", {}, []],
    ["default:bounded-issuer", "subjectaccessreviews.authorization.k8s.io", {}, []],
    [
      "default:bounded-issuer",
      "leases.coordination.k8s.io",
      { namespace: "default", name: "bounded" },
      ["get", "create", "update"],
    ],
  ])("lets %s do with %s %j exactly %j", async (account, resource, more, allowed) => {
    const granted: string[] = [];
    for (const verb of verbs) if (await may(account, verb, resource, more)) granted.push(verb);
    expect(granted).toEqual(allowed);
  });

  test("lets the approver of each definition approve its signers, and no controller its own", async () => {
    const approve = (account: string, name: string) =>
      may(account, "approve", "signers.cert-manager.io", { name });
    const acmeSigners = ["acmeissuers.pki.example.com/*", "acmeclusterissuers.pki.example.com/*"];
    for (const name of acmeSigners) {
      expect(await approve("cert-manager:cert-manager", name)).toBe(true);
      expect(await approve("cert-manager:approver-policy", name)).toBe(false);
      expect(await approve("default:acme-issuer", name)).toBe(false);
    }
    expect(await approve("cert-manager:approver-policy", "vaultpkis.vault.example.com/*")).toBe(true);
    expect(await approve("cert-manager:cert-manager", "vaultpkis.vault.example.com/*")).toBe(false);
  });
});
