import { expect } from "vitest";
import type { Answer } from "../answer.ts";
import { contractArea, contractCase } from "../contract-case.ts";
import { clusterPath } from "../paths.ts";

const sar = clusterPath("authorization.k8s.io/v1", "subjectaccessreviews");
const selfSar = clusterPath("authorization.k8s.io/v1", "selfsubjectaccessreviews");

export const reviewCases = contractArea("access reviews", [
  contractCase("SubjectAccessReview answers for signers by name, with and without a wildcard", async (t) => {
    const name = t.unique("approver");
    const user = t.unique("jane");
    await t.created(clusterPath("rbac.authorization.k8s.io/v1", "clusterroles"), {
      metadata: { name },
      rules: [
        {
          apiGroups: ["cert-manager.io"],
          resources: ["signers"],
          verbs: ["approve"],
          resourceNames: ["acmeissuers.pki.example.com/one"],
        },
      ],
    });
    await t.created(clusterPath("rbac.authorization.k8s.io/v1", "clusterrolebindings"), {
      metadata: { name },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: user }],
    });
    const ask = (signer: string, client = t.admin) => {
      const resourceAttributes = {
        group: "cert-manager.io",
        resource: "signers",
        verb: "approve",
        name: signer,
      };
      return client.create(sar, { spec: { user, groups: ["dev"], resourceAttributes } });
    };
    const allowed = (answer: Answer) => (answer.object.status as { allowed: boolean }).allowed;
    await t.eventually(() => ask("acmeissuers.pki.example.com/one", t.admin.unrecorded), allowed);
    expect(allowed(await ask("acmeissuers.pki.example.com/one"))).toBe(true);
    expect(allowed(await ask("acmeissuers.pki.example.com/two"))).toBe(false);
    expect(allowed(await ask("acmeissuers.pki.example.com/*"))).toBe(false);
  }),

  contractCase("SubjectAccessReview knows system:masters and strangers", async (t) => {
    const resourceAttributes = { verb: "get", resource: "secrets", namespace: t.namespace };
    const masters = await t.created(sar, {
      spec: { user: "x", groups: ["system:masters"], resourceAttributes },
    });
    expect(masters.status).toMatchObject({ allowed: true });
    const stranger = await t.created(sar, { spec: { user: "x", resourceAttributes } });
    expect(stranger.status).toEqual({ allowed: false });
  }),

  contractCase("SubjectAccessReview needs a subject and one kind of attributes", async (t) => {
    const nobody = await t.admin.create(sar, { spec: { resourceAttributes: { verb: "get" } } });
    expect(nobody.body).toMatchObject({ code: 422, details: { causes: [{ field: "spec.user" }] } });
    const nothing = await t.admin.create(sar, { spec: { user: "x" } });
    expect(nothing.body).toMatchObject({
      code: 422,
      details: { causes: [{ field: "spec.resourceAttributes" }] },
    });
  }),

  contractCase("SelfSubjectAccessReview answers everybody about themselves", async (t) => {
    const account = await t.account("a");
    await t.grant(account, [{ apiGroups: [""], resources: ["secrets"], verbs: ["get"] }]);
    const ask = async (verb: string) => {
      const resourceAttributes = { verb, resource: "secrets", namespace: t.namespace };
      const answer = await account.client.create(selfSar, { spec: { resourceAttributes } });
      return (answer.object.status as { allowed: boolean }).allowed;
    };
    expect([await ask("get"), await ask("list")]).toEqual([true, false]);
  }),

  contractCase("SelfSubjectReview names the caller", async (t) => {
    const { client, userName } = await t.account("a");
    const answer = await client.create(clusterPath("authentication.k8s.io/v1", "selfsubjectreviews"), {});
    expect(answer.object.status).toMatchObject({ userInfo: { username: userName } });
  }),
]);
