import { expect } from "vitest";
import { contractArea, contractCase } from "../contract-case.ts";

interface Resource {
  readonly name: string;
  readonly singularName: string;
  readonly namespaced: boolean;
  readonly kind: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
}

/** Entries without the hash of their storage version, which says nothing to a client. */
function resources(body: unknown): readonly Resource[] {
  const entries = (body as { resources: (Resource & { storageVersionHash?: string })[] }).resources;
  return entries.map(({ storageVersionHash: _, ...entry }) => entry);
}

const verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

export const discoveryCases = contractArea("discovery", [
  contractCase("lists a CRD's resource and its status with their verbs", async (t) => {
    const answer = await t.admin.unrecorded.get("/apis/contract.countersign.dev/v1");
    expect(answer.body).toMatchObject({
      kind: "APIResourceList",
      apiVersion: "v1",
      groupVersion: "contract.countersign.dev/v1",
    });
    const widgets = resources(answer.body).filter(({ kind }) => kind === "Widget");
    expect(
      widgets.map(({ verbs: unordered, ...entry }) => ({ ...entry, verbs: unordered.toSorted() })),
    ).toEqual([
      { name: "widgets", singularName: "widget", namespaced: true, kind: "Widget", verbs },
      {
        name: "widgets/status",
        singularName: "",
        namespaced: true,
        kind: "Widget",
        verbs: ["get", "patch", "update"],
      },
    ]);
    return widgets;
  }),

  contractCase("lists a CRD's group, alone and among the others", async (t) => {
    const version = { groupVersion: "contract.countersign.dev/v1", version: "v1" };
    const group = { name: "contract.countersign.dev", versions: [version], preferredVersion: version };
    expect((await t.admin.get("/apis/contract.countersign.dev")).body).toEqual({
      kind: "APIGroup",
      apiVersion: "v1",
      ...group,
    });
    const all = (await t.admin.unrecorded.get("/apis")).body;
    expect(all).toMatchObject({ kind: "APIGroupList", groups: expect.arrayContaining([group]) });
  }),

  contractCase("lists the built-in resources an issuer uses", async (t) => {
    const entry = async (path: string, name: string) =>
      resources((await t.admin.unrecorded.get(path)).body).find((resource) => resource.name === name);
    const found = [
      await entry("/api/v1", "secrets"),
      await entry("/api/v1", "configmaps"),
      await entry("/api/v1", "namespaces"),
      await entry("/api/v1", "events"),
      await entry("/api/v1", "serviceaccounts/token"),
      await entry("/apis/coordination.k8s.io/v1", "leases"),
      await entry("/apis/events.k8s.io/v1", "events"),
      await entry("/apis/certificates.k8s.io/v1", "certificatesigningrequests"),
      await entry("/apis/certificates.k8s.io/v1", "certificatesigningrequests/approval"),
      await entry("/apis/certificates.k8s.io/v1", "certificatesigningrequests/status"),
      await entry("/apis/authentication.k8s.io/v1", "tokenreviews"),
      await entry("/apis/authorization.k8s.io/v1", "subjectaccessreviews"),
      await entry("/apis/rbac.authorization.k8s.io/v1", "roles"),
      await entry("/apis/apiextensions.k8s.io/v1", "customresourcedefinitions"),
    ];
    expect(found[0]).toEqual({
      name: "secrets",
      singularName: "secret",
      namespaced: true,
      kind: "Secret",
      verbs,
    });
    expect(found).not.toContain(undefined);
    return found;
  }),

  contractCase("lists the core API's versions", async (t) => {
    const answer = await t.admin.unrecorded.get("/api");
    expect(answer.body).toMatchObject({ kind: "APIVersions", versions: ["v1"] });
  }),

  contractCase("answers a plain 404 for a group or version nobody serves", async (t) => {
    for (const path of [
      "/apis/no.such.group",
      "/apis/no.such.group/v1",
      "/apis/contract.countersign.dev/v9",
      "/odd",
    ]) {
      const answer = await t.admin.get(path);
      expect([answer.status, answer.body]).toEqual([404, "404 page not found\n"]);
    }
  }),

  contractCase("is open to every account", async (t) => {
    const { client } = await t.account("a");
    for (const path of ["/apis", "/api", "/apis/contract.countersign.dev/v1", "/version"]) {
      expect((await client.unrecorded.get(path)).status, path).toBe(200);
    }
    expect((await client.get("/metrics")).status).toBe(403);
  }),
]);
