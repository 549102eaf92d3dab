import { expect } from "vitest";
import { contractArea, contractCase } from "../contract-case.ts";
import { certificate, condition, conditions, createCsr, csrBody } from "../csr-fixtures.ts";
import { clusterPath } from "../paths.ts";
import { base64 } from "../pem.ts";

function refusesSpec(title: string, spec: Readonly<Record<string, unknown>>, field: string, message: string) {
  return contractCase(title, async (t) => {
    const answer = await t.admin.create(t.signingRequests(), csrBody(t, spec));
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ details: { causes: [{ field, message }] } });
  });
}

export const csrCases = contractArea("CertificateSigningRequests", [
  contractCase("carry who asked, whatever the client claims", async (t) => {
    const request = await t.created(
      t.signingRequests(),
      csrBody(t, { username: "forged", groups: ["forged"] }),
    );
    expect(request.spec).toMatchObject({
      username: "admin",
      groups: ["system:masters", "system:authenticated"],
    });
    expect(request.status).toEqual({});
    const { client, userName } = await t.account("a");
    const name = t.unique("reader");
    await t.created(clusterPath("rbac.authorization.k8s.io/v1", "clusterroles"), {
      metadata: { name },
      rules: [
        { apiGroups: ["certificates.k8s.io"], resources: ["certificatesigningrequests"], verbs: ["create"] },
      ],
    });
    await t.created(clusterPath("rbac.authorization.k8s.io/v1", "clusterrolebindings"), {
      metadata: { name },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
      subjects: [{ kind: "ServiceAccount", name: "a", namespace: t.namespace }],
    });
    const own = { ...csrBody(t), metadata: { name: t.unique("own") } };
    const answer = await t.eventually(
      () => client.unrecorded.create(t.signingRequests(), own),
      (reply) => reply.status !== 403,
    );
    expect(answer.object.spec).toMatchObject({
      username: userName,
      groups: ["system:serviceaccounts", `system:serviceaccounts:${t.namespace}`, "system:authenticated"],
      extra: { "authentication.kubernetes.io/credential-id": [expect.stringMatching(/^JTI=/)] },
    });
  }),

  refusesSpec(
    "refuse a request that is no PEM",
    { request: base64("nope") },
    "spec.request",
    `Invalid value: "${base64("nope")}": PEM block type must be CERTIFICATE REQUEST`,
  ),
  refusesSpec(
    "refuse a certificate as a request",
    { request: certificate },
    "spec.request",
    `Invalid value: "${certificate}": PEM block type must be CERTIFICATE REQUEST`,
  ),
  refusesSpec(
    "refuse a signer's name without domain and path",
    { signerName: "nowhere" },
    "spec.signerName",
    "Invalid value: \"nowhere\": must be a fully qualified domain and path of the form 'example.com/signer-name'",
  ),
  refusesSpec("require a signer's name", { signerName: undefined }, "spec.signerName", "Required value"),
  refusesSpec("require usages", { usages: undefined }, "spec.usages", "Required value"),
  refusesSpec(
    "refuse a life under ten minutes",
    { expirationSeconds: 599 },
    "spec.expirationSeconds",
    "Invalid value: 599: may not specify a duration less than 600 seconds (10 minutes)",
  ),

  contractCase("keep their spec", async (t) => {
    const path = await createCsr(t);
    const answer = await t.admin.patch(path(), "merge", {
      metadata: { labels: { app: "x" } },
      spec: { signerName: "other.example.com/two" },
    });
    expect(answer.object).toMatchObject({
      metadata: { labels: { app: "x" } },
      spec: { signerName: `acmeissuers.${t.suffix}.example.com/one` },
    });
  }),

  contractCase("are approved by /approval, which changes nothing else", async (t) => {
    const path = await createCsr(t);
    const answer = await t.admin.patch(path("approval"), "merge", {
      status: { certificate, conditions: [condition("Approved")] },
    });
    expect(answer.object.status).toEqual({
      conditions: [
        {
          ...condition("Approved"),
          lastUpdateTime: expect.stringMatching(/Z$/),
          lastTransitionTime: expect.stringMatching(/Z$/),
        },
      ],
    });
  }),

  contractCase("are not approved or denied by /status", async (t) => {
    const path = await createCsr(t);
    for (const type of ["Approved", "Denied"]) {
      const answer = await t.admin.patch(path("status"), "merge", conditions(type));
      expect(answer.status).toBe(422);
      expect(answer.body).toMatchObject({
        details: {
          causes: [
            {
              reason: "FieldValueForbidden",
              message: `Forbidden: updates may not add a condition of type "${type}"`,
              field: "status.conditions",
            },
          ],
        },
      });
    }
  }),

  contractCase("change no status on the plain endpoint", async (t) => {
    const path = await createCsr(t);
    const answer = await t.admin.patch(path(), "merge", { status: { certificate } });
    expect(answer.object.status).toEqual({});
  }),

  contractCase("are never approved and denied at once, and never unapproved", async (t) => {
    const path = await createCsr(t);
    await t.admin.patch(path("approval"), "merge", conditions("Approved"));
    const both = await t.admin.patch(path("approval"), "merge", conditions("Approved", "Denied"));
    expect(both.body).toMatchObject({
      code: 422,
      details: {
        causes: [
          {
            message: 'Invalid value: "Denied": Approved and Denied conditions are mutually exclusive',
            field: "status.conditions",
          },
        ],
      },
    });
    const undone = await t.admin.patch(path("approval"), "merge", { status: { conditions: null } });
    expect(undone.body).toMatchObject({
      code: 422,
      details: { causes: [{ message: 'Forbidden: updates may not remove a condition of type "Approved"' }] },
    });
  }),
]);
