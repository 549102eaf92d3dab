import { expect } from "vitest";
import { contractArea, contractCase } from "../contract-case.ts";
import { certificate, conditions, createCsr } from "../csr-fixtures.ts";
import { clusterPath } from "../paths.ts";

/** What a signer or approver that is no administrator needs beside the subresource's verb. */
function signerVerb(
  title: string,
  subresource: "status" | "approval",
  verb: "sign" | "approve",
  patch: unknown,
) {
  return contractCase(title, async (t) => {
    const path = await createCsr(t);
    const { client } = await t.account("a");
    const bind = async (kind: string, rule: Readonly<Record<string, unknown>>) => {
      const name = t.unique(kind);
      const role = clusterPath("rbac.authorization.k8s.io/v1", "clusterroles");
      await t.created(role, { metadata: { name }, rules: [rule] });
      await t.created(clusterPath("rbac.authorization.k8s.io/v1", "clusterrolebindings"), {
        metadata: { name },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
        subjects: [{ kind: "ServiceAccount", name: "a", namespace: t.namespace }],
      });
    };
    const apiGroups = ["certificates.k8s.io"];
    await bind("writer", {
      apiGroups,
      resources: [`certificatesigningrequests/${subresource}`],
      verbs: ["patch"],
    });
    const refused = await t.eventually(
      () => client.unrecorded.patch(path(subresource), "merge", patch),
      (answer) => !answer.text.includes("cannot patch resource"),
    );
    expect(refused.status).toBe(403);
    expect(refused.body).toMatchObject({
      reason: "Forbidden",
      message: expect.stringContaining(`user not permitted to ${verb} requests with signerName`),
    });
    const domain = `acmeissuers.${t.suffix}.example.com`;
    await bind("signer", {
      apiGroups,
      resources: ["signers"],
      verbs: [verb],
      resourceNames: [`${domain}/*`],
    });
    await t.eventually(
      () => client.unrecorded.patch(path(subresource), "merge", patch),
      (answer) => answer.status === 200,
    );
    return refused.body;
  });
}

export const signerCases = contractArea("signers", [
  signerVerb("a certificate needs the signer's verb sign", "status", "sign", { status: { certificate } }),
  signerVerb("an approval needs the signer's verb approve", "approval", "approve", conditions("Approved")),
]);
