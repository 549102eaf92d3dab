import { expect } from "vitest";
import { contractArea, contractCase } from "../contract-case.ts";
import { clusterPath, namespacedPath } from "../paths.ts";
import { status } from "../status.ts";

const _sar = clusterPath("authorization.k8s.io/v1", "subjectaccessreviews");
const _selfSar = clusterPath("authorization.k8s.io/v1", "selfsubjectaccessreviews");

export const accessCases = contractArea("access", [
  contractCase("an account without a role may nothing, and is told what it may not", async (t) => {
    const { client, userName } = await t.account("a");
    const list = await client.get(t.widgets());
    expect(list.body).toEqual(
      status(
        403,
        "Forbidden",
        `widgets.contract.countersign.dev is forbidden: User "${userName}" cannot list resource "widgets" in API ` +
          `group "contract.countersign.dev" in the namespace "${t.namespace}"`,
        { group: "contract.countersign.dev", kind: "widgets" },
      ),
    );
    const update = await client.put(t.widgets("x", "status"), t.widget("x", {}));
    expect(update.body).toEqual(
      status(
        403,
        "Forbidden",
        `widgets.contract.countersign.dev "x" is forbidden: User "${userName}" cannot update resource ` +
          `"widgets/status" in API group "contract.countersign.dev" in the namespace "${t.namespace}"`,
        { name: "x", group: "contract.countersign.dev", kind: "widgets" },
      ),
    );
    const everywhere = await client.get(clusterPath("v1", "secrets"));
    expect(everywhere.body).toMatchObject({
      code: 403,
      message: `secrets is forbidden: User "${userName}" cannot list resource "secrets" in API group "" at the cluster scope`,
    });
  }),

  contractCase("an account may not see whether an object exists", async (t) => {
    const { client } = await t.account("a");
    expect((await client.get(t.secrets("nothing"))).status).toBe(403);
    const missing = namespacedPath("v1", "no-such-namespace", "secrets", "nothing");
    expect((await client.get(missing)).status).toBe(403);
  }),

  contractCase("a Role and its RoleBinding open exactly their verbs", async (t) => {
    const account = await t.account("a");
    await t.created(t.widgets(), t.widget("x", {}));
    await t.grant(account, [
      { apiGroups: ["contract.countersign.dev"], resources: ["widgets"], verbs: ["get", "list", "watch"] },
    ]);
    expect((await account.client.get(t.widgets())).status).toBe(200);
    expect((await account.client.get(t.widgets("x"))).status).toBe(200);
    const watch = await account.client.watch(t.widgets(), { timeoutSeconds: 1 });
    expect((await watch.next()).type).toBe("ADDED");
    expect((await account.client.create(t.widgets(), t.widget("y", {}))).status).toBe(403);
    expect((await account.client.delete(t.widgets("x"))).status).toBe(403);
    expect((await account.client.patch(t.widgets("x", "status"), "merge", {})).status).toBe(403);
  }),

  contractCase("a subresource needs its own rule, which opens nothing else", async (t) => {
    const account = await t.account("a");
    await t.created(t.widgets(), t.widget("x", {}));
    await t.grant(account, [
      { apiGroups: ["contract.countersign.dev"], resources: ["widgets/status"], verbs: ["patch"] },
    ]);
    const patched = await account.client.patch(t.widgets("x", "status"), "merge", {
      status: { phase: "ok" },
    });
    expect(patched.status).toBe(200);
    expect((await account.client.patch(t.widgets("x"), "merge", {})).status).toBe(403);
    expect((await account.client.get(t.widgets("x", "status"))).status).toBe(403);
    expect((await account.client.put(t.widgets("x", "status"), patched.object)).status).toBe(403);
  }),

  contractCase("apply of /status needs patch on the subresource only", async (t) => {
    const account = await t.account("a");
    await t.created(t.widgets(), t.widget("x", {}));
    await t.grant(account, [
      { apiGroups: ["contract.countersign.dev"], resources: ["widgets/status"], verbs: ["patch"] },
    ]);
    const { spec: _, ...bare } = t.widget("x", {});
    const body = { ...bare, status: { phase: "applied" } };
    const query = { fieldManager: "a", force: true };
    const applied = await account.client.patch(t.widgets("x", "status"), "apply", body, query);
    expect(applied.object.status).toEqual({ phase: "applied" });
  }),

  contractCase("apply that would create needs create beside patch", async (t) => {
    const account = await t.account("a");
    await t.grant(account, [
      { apiGroups: ["contract.countersign.dev"], resources: ["widgets"], verbs: ["patch"] },
    ]);
    const query = { fieldManager: "a" };
    const refused = await account.client.patch(t.widgets("x"), "apply", t.widget("x", {}), query);
    expect(refused.status).toBe(403);
    expect(refused.body).toMatchObject({
      message: expect.stringMatching(/cannot create resource "widgets"/),
    });
    await t.created(t.widgets(), t.widget("x", {}));
    const allowed = await account.client.patch(t.widgets("x"), "apply", t.widget("x", { size: 1 }), query);
    expect(allowed.status).toBe(200);
  }),

  contractCase("resourceNames open single objects: get, and list or watch by metadata.name", async (t) => {
    const account = await t.account("a");
    for (const name of ["mine", "other"]) await t.created(t.secrets(), { metadata: { name } });
    await t.grant(account, [
      { apiGroups: [""], resources: ["secrets"], resourceNames: ["mine"], verbs: ["get", "list", "watch"] },
    ]);
    expect((await account.client.get(t.secrets("mine"))).status).toBe(200);
    expect((await account.client.get(t.secrets("other"))).status).toBe(403);
    expect((await account.client.get(t.secrets())).status).toBe(403);
    const single = await account.client.get(t.secrets(), { fieldSelector: "metadata.name=mine" });
    expect(single.list.items.map((item) => item.metadata.name)).toEqual(["mine"]);
    expect((await account.client.get(t.secrets(), { fieldSelector: "metadata.name=other" })).status).toBe(
      403,
    );
    const watch = await account.client.watch(t.secrets(), { fieldSelector: "metadata.name=mine" });
    expect((await watch.next()).object.metadata.name).toBe("mine");
  }),

  contractCase("a ClusterRole bound in a namespace counts there only", async (t) => {
    const account = await t.account("a");
    const name = t.unique("reader");
    await t.created(clusterPath("rbac.authorization.k8s.io/v1", "clusterroles"), {
      metadata: { name },
      rules: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["list"] }],
    });
    await t.created(t.rbac("rolebindings"), {
      metadata: { name: "a" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
      subjects: [{ kind: "ServiceAccount", name: "a", namespace: t.namespace }],
    });
    await t.eventually(
      () => account.client.unrecorded.get(t.configMaps()),
      (answer) => answer.status === 200,
    );
    expect((await account.client.get(clusterPath("v1", "configmaps"))).status).toBe(403);
  }),

  contractCase("a ClusterRoleBinding counts everywhere, by group as well", async (t) => {
    const account = await t.account("a");
    const name = t.unique("reader");
    await t.created(clusterPath("rbac.authorization.k8s.io/v1", "clusterroles"), {
      metadata: { name },
      rules: [{ apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["get"] }],
    });
    await t.created(clusterPath("rbac.authorization.k8s.io/v1", "clusterrolebindings"), {
      metadata: { name },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
      subjects: [
        {
          apiGroup: "rbac.authorization.k8s.io",
          kind: "Group",
          name: `system:serviceaccounts:${t.namespace}`,
        },
      ],
    });
    await t.eventually(
      () => account.client.unrecorded.get(t.leases("x")),
      (answer) => answer.status === 404,
    );
    const elsewhere = namespacedPath("coordination.k8s.io/v1", "default", "leases", "no-such-lease");
    expect((await account.client.get(elsewhere)).status).toBe(404);
  }),

  contractCase("nobody grants more than they hold", async (t) => {
    const account = await t.account("a");
    await t.grant(account, [
      { apiGroups: ["rbac.authorization.k8s.io"], resources: ["roles"], verbs: ["create"] },
      { apiGroups: [""], resources: ["configmaps"], verbs: ["get"] },
    ]);
    const role = (verbs: readonly string[]) => ({
      metadata: { name: "new" },
      rules: [{ apiGroups: [""], resources: ["configmaps"], verbs }],
    });
    const refused = await account.client.create(t.rbac("roles"), role(["get", "delete"]));
    expect(refused.status).toBe(403);
    expect(refused.body).toMatchObject({
      message: expect.stringContaining("is attempting to grant RBAC permissions not currently held"),
    });
    expect((await account.client.create(t.rbac("roles"), role(["get"]))).status).toBe(201);
  }),

  contractCase("a RoleBinding needs a known role and known subjects", async (t) => {
    const role = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "x" };
    for (const body of [
      { roleRef: { ...role, kind: "Odd" } },
      { roleRef: { ...role, apiGroup: "odd" } },
      { roleRef: role, subjects: [{ kind: "Odd", name: "x" }] },
      { roleRef: role, subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "" }] },
      {},
    ]) {
      const answer = await t.admin.create(t.rbac("rolebindings"), { metadata: { name: "a" }, ...body });
      expect(answer.body).toMatchObject({ code: 422, reason: "Invalid" });
    }
    const cluster = clusterPath("rbac.authorization.k8s.io/v1", "clusterrolebindings");
    const answer = await t.admin.create(cluster, { metadata: { name: t.unique("b") }, roleRef: role });
    expect(answer.body).toMatchObject({ code: 422, details: { causes: [{ field: "roleRef.kind" }] } });
  }),

  contractCase("a RoleBinding keeps its roleRef", async (t) => {
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "one" };
    await t.created(t.rbac("rolebindings"), { metadata: { name: "a" }, roleRef });
    const answer = await t.admin.patch(t.rbac("rolebindings", "a"), "merge", { roleRef: { name: "two" } });
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({
      details: { causes: [{ reason: "FieldValueInvalid", field: "roleRef" }] },
    });
  }),
]);
