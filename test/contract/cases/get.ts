import { expect } from "vitest";
import { contractArea, contractCase } from "../contract-case.ts";
import { clusterPath, namespacedPath } from "../paths.ts";
import { status } from "../status.ts";

export const getCases = contractArea("get", [
  contractCase("returns the object as it was created", async (t) => {
    const created = await t.created(t.widgets(), t.widget("a", { size: 3 }));
    const answer = await t.admin.get(t.widgets("a"));
    expect(answer.status).toBe(200);
    expect(answer.headers["content-type"]).toBe("application/json");
    expect(answer.object).toEqual(created);
  }),

  contractCase("answers 404 with the resource and the name of a missing custom resource", async (t) => {
    const answer = await t.admin.get(t.widgets("a"));
    expect(answer.status).toBe(404);
    expect(answer.body).toEqual(
      status(404, "NotFound", 'widgets.contract.countersign.dev "a" not found', {
        name: "a",
        group: "contract.countersign.dev",
        kind: "widgets",
      }),
    );
  }),

  contractCase("answers 404 without a group for a missing object of the core API", async (t) => {
    const answer = await t.admin.get(t.secrets("a"));
    expect(answer.body).toEqual(
      status(404, "NotFound", 'secrets "a" not found', { name: "a", kind: "secrets" }),
    );
  }),

  contractCase("answers 404 for an object of a namespace that does not exist", async (t) => {
    const answer = await t.admin.get(namespacedPath("v1", "no-such-namespace", "configmaps", "a"));
    expect(answer.body).toMatchObject({ reason: "NotFound", message: 'configmaps "a" not found' });
  }),

  contractCase("answers 404 for a resource that the group does not serve", async (t) => {
    const answer = await t.admin.get(t.core("gadgets"));
    expect(answer.body).toEqual(
      status(404, "NotFound", "the server could not find the requested resource", {}),
    );
  }),

  contractCase("answers a plain 404 for a group that nobody serves", async (t) => {
    const answer = await t.admin.get(clusterPath("no.such.group/v1", "gadgets"));
    expect(answer.status).toBe(404);
    expect(answer.body).toBe("404 page not found\n");
  }),

  contractCase("answers a plain 404 for a custom resource that the served group lacks", async (t) => {
    const answer = await t.admin.get(clusterPath("contract.countersign.dev/v1", "gadgets"));
    expect(answer.status).toBe(404);
    expect(answer.body).toBe("404 page not found\n");
  }),

  contractCase("serves a cluster-scoped object outside any namespace only", async (t) => {
    const name = t.unique("plan");
    const blueprints = clusterPath("contract.countersign.dev/v1", "blueprints");
    const body = { apiVersion: "contract.countersign.dev/v1", kind: "Blueprint", metadata: { name } };
    const created = await t.created(blueprints, body);
    expect(created.metadata).not.toHaveProperty("namespace");
    const inNamespace = namespacedPath("contract.countersign.dev/v1", t.namespace, "blueprints", name);
    expect((await t.admin.get(inNamespace)).status).toBe(404);
    expect((await t.admin.get(`${blueprints}/${name}`)).object).toEqual(created);
  }),

  contractCase("serves a namespaced resource without a namespace as a list only", async (t) => {
    const everywhere = clusterPath("contract.countersign.dev/v1", "widgets");
    expect((await t.admin.unrecorded.get(everywhere)).status).toBe(200);
    expect((await t.admin.get(`${everywhere}/a`)).status).toBe(404);
  }),

  contractCase("refuses a verb that the path does not have", async (t) => {
    const body = { metadata: { name: "a" } };
    for (const [method, path] of [
      ["POST", t.configMaps("a")],
      ["PUT", t.configMaps()],
      ["PATCH", t.configMaps()],
    ] as const) {
      const answer = await t.admin.request(method, path, { body });
      expect(answer.status, `${method} ${path}`).toBe(405);
      expect(answer.body).toEqual(
        status(
          405,
          "MethodNotAllowed",
          "the server does not allow this method on the requested resource",
          {},
        ),
      );
    }
  }),

  contractCase("serves one object at a resourceVersion it has, and from any version at 0", async (t) => {
    const created = await t.created(t.configMaps(), { metadata: { name: "a" } });
    const { resourceVersion } = created.metadata;
    expect((await t.admin.get(t.configMaps("a"), { resourceVersion })).object).toEqual(created);
    await t.eventually(
      () => t.admin.unrecorded.get(t.configMaps("a"), { resourceVersion: "0" }),
      (answer) => answer.status === 200,
    );
  }),
]);
