import { expect } from "vitest";
import { contractArea, contractCase } from "../contract-case.ts";
import { certificate, condition, conditions, createCsr, csrBody } from "../csr-fixtures.ts";
import { base64, certificatePem, requestPem } from "../pem.ts";
import { status } from "../status.ts";

export const csrStatusCases = contractArea("CertificateSigningRequests: outcome", [
  contractCase("take a certificate by /status once", async (t) => {
    const path = await createCsr(t);
    await t.admin.patch(path("approval"), "merge", conditions("Approved"));
    const issued = await t.admin.patch(path("status"), "merge", { status: { certificate } });
    expect(issued.object.status).toMatchObject({ certificate, conditions: [{ type: "Approved" }] });
    const message = "Forbidden: updates may not modify existing certificate content";
    for (const next of [base64(certificatePem + certificatePem), null]) {
      const answer = await t.admin.patch(path("status"), "merge", { status: { certificate: next } });
      expect(answer.body).toMatchObject({
        code: 422,
        details: { causes: [{ reason: "FieldValueForbidden", message, field: "status.certificate" }] },
      });
    }
  }),

  contractCase("take a certificate before approval too", async (t) => {
    const path = await createCsr(t);
    const answer = await t.admin.patch(path("status"), "merge", { status: { certificate } });
    expect(answer.status).toBe(200);
  }),

  contractCase("refuse a certificate that is no chain of CERTIFICATE blocks", async (t) => {
    const path = await createCsr(t);
    const refuse = async (text: string) => {
      const answer = await t.admin.patch(path("status"), "merge", { status: { certificate: base64(text) } });
      expect(answer.status).toBe(422);
      return (answer.body as { details: { causes: { message: string }[] } }).details.causes[0]?.message;
    };
    const prefix = 'Invalid value: "<certificate data>": ';
    expect(await refuse("nope")).toBe(`${prefix}must contain at least one CERTIFICATE PEM block`);
    expect(await refuse(requestPem)).toBe(
      `${prefix}only CERTIFICATE PEM blocks are allowed, found "CERTIFICATE REQUEST"`,
    );
    const empty = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    expect(await refuse(empty)).toMatch(/^Invalid value: "<certificate data>": /);
    const more = await t.admin.patch(path("status"), "merge", {
      status: { certificate: base64(certificatePem + certificatePem) },
    });
    expect(more.status).toBe(200);
  }),

  contractCase("fail by /status, for good", async (t) => {
    const path = await createCsr(t);
    const failed = await t.admin.patch(path("status"), "merge", conditions("Failed"));
    expect(failed.object.status).toMatchObject({ conditions: [condition("Failed")] });
    const undone = await t.admin.patch(path("status"), "merge", { status: { conditions: null } });
    expect(undone.body).toMatchObject({
      code: 422,
      details: { causes: [{ message: 'Forbidden: updates may not remove a condition of type "Failed"' }] },
    });
    const path2 = t.signingRequests(`${t.unique("csr")}-2`);
    await t.created(t.signingRequests(), { ...csrBody(t), metadata: { name: `${t.unique("csr")}-2` } });
    const wrong = await t.admin.patch(`${path2}/status`, "merge", {
      status: { conditions: [{ ...condition("Failed"), status: "False" }] },
    });
    expect(wrong.body).toMatchObject({
      code: 422,
      details: { causes: [{ reason: "FieldValueNotSupported", field: "status.conditions[0].status" }] },
    });
  }),

  contractCase("take a condition and a certificate by apply of /status", async (t) => {
    const path = await createCsr(t);
    await t.admin.patch(path("approval"), "merge", conditions("Approved"));
    const apply = (more: unknown) =>
      t.admin.patch(
        path("status"),
        "apply",
        {
          apiVersion: "certificates.k8s.io/v1",
          kind: "CertificateSigningRequest",
          metadata: { name: t.unique("csr") },
          status: more,
        },
        { fieldManager: "issuer", force: true },
      );
    const issued = await apply({ certificate });
    expect(issued.object.status).toMatchObject({ certificate, conditions: [{ type: "Approved" }] });
    const dropped = await apply({});
    return dropped.status;
  }),

  contractCase("are selected by signer", async (t) => {
    const path = await createCsr(t);
    const signer = `acmeissuers.${t.suffix}.example.com/one`;
    const { list } = await t.admin.get(t.signingRequests(), { fieldSelector: `spec.signerName=${signer}` });
    expect(list.items.map((item) => t.signingRequests(item.metadata.name))).toEqual([path()]);
    const answer = await t.admin.get(t.signingRequests(), { fieldSelector: "spec.request=x" });
    expect(answer.body).toEqual(status(400, "BadRequest", "field label not supported: spec.request"));
  }),
]);
