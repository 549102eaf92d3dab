import { expect } from "vitest";
import type { Answer } from "../answer.ts";
import { contractArea, contractCase } from "../contract-case.ts";
import type { ContractContext } from "../contract-context.ts";

const approved = { type: "Approved", status: "True", reason: "Fine", message: "by hand" };
const ready = { type: "Ready", status: "False", reason: "Pending", message: "in progress" };

/** Applies a certificate request's status as the manager, with force unless told otherwise. */
function apply(
  t: ContractContext,
  manager: string,
  status: unknown,
  more: Readonly<Record<string, string>> = {},
) {
  const { spec: _, ...request } = t.request("a");
  const body = { ...request, metadata: { name: "a", ...more }, status };
  return t.admin.patch(t.requests("a", "status"), "apply", body, { fieldManager: manager, force: true });
}

function owned(answer: Answer, manager: string): unknown {
  return answer.object.metadata.managedFields?.find((entry) => entry.manager === manager);
}

export const applyStatusCases = contractArea("server-side apply of /status", [
  contractCase("lets approver and issuer own one condition each", async (t) => {
    await t.created(t.requests(), t.request("a"));
    await apply(t, "approver", { conditions: [approved] });
    const answer = await apply(t, "issuer", { conditions: [ready] });
    expect(answer.object.status).toEqual({ conditions: [approved, ready] });
    const fields = (type: string) => ({
      [`k:{"type":"${type}"}`]: { ".": {}, "f:type": {}, "f:status": {}, "f:reason": {}, "f:message": {} },
    });
    expect(owned(answer, "approver")).toMatchObject({
      operation: "Apply",
      subresource: "status",
      fieldsV1: { "f:status": { "f:conditions": fields("Approved") } },
    });
    expect(owned(answer, "issuer")).toMatchObject({
      subresource: "status",
      fieldsV1: { "f:status": { "f:conditions": fields("Ready") } },
    });
  }),

  contractCase("changes one manager's condition and leaves the other's", async (t) => {
    await t.created(t.requests(), t.request("a"));
    await apply(t, "approver", { conditions: [approved] });
    await apply(t, "issuer", { conditions: [ready] });
    const issued = { ...ready, status: "True", reason: "Issued" };
    const answer = await apply(t, "issuer", { conditions: [issued], certificate: "Q0VSVA==" });
    expect(answer.object.status).toEqual({ conditions: [approved, issued], certificate: "Q0VSVA==" });
  }),

  contractCase("removes certificate when a later apply leaves it out", async (t) => {
    await t.created(t.requests(), t.request("a"));
    await apply(t, "issuer", { conditions: [ready], certificate: "Q0VSVA==", ca: "Q0E=" });
    const answer = await apply(t, "issuer", { conditions: [ready], ca: "Q0E=" });
    expect(answer.object.status).toEqual({ conditions: [ready], ca: "Q0E=" });
  }),

  contractCase("removes a condition that its manager no longer applies, and only that", async (t) => {
    await t.created(t.requests(), t.request("a"));
    await apply(t, "approver", { conditions: [approved] });
    await apply(t, "issuer", { conditions: [ready, { ...ready, type: "Custom" }] });
    const answer = await apply(t, "issuer", { conditions: [ready] });
    expect(answer.object.status).toEqual({ conditions: [approved, ready] });
  }),

  contractCase("keeps a condition as co-owned after one of its two managers leaves it", async (t) => {
    await t.created(t.requests(), t.request("a"));
    await apply(t, "approver", { conditions: [approved] });
    await apply(t, "issuer", { conditions: [approved, ready] });
    const answer = await apply(t, "issuer", { conditions: [ready] });
    expect(answer.object.status).toEqual({ conditions: [approved, ready] });
  }),

  contractCase("leaves conditions that a plain update of /status wrote", async (t) => {
    await t.created(t.requests(), t.request("a"));
    await t.admin.patch(t.requests("a", "status"), "merge", { status: { conditions: [approved] } });
    const answer = await apply(t, "issuer", { conditions: [ready] });
    expect(answer.object.status).toEqual({ conditions: [approved, ready] });
  }),

  contractCase("keeps ownership across a plain update that repeats the list", async (t) => {
    await t.created(t.requests(), t.request("a"));
    await apply(t, "issuer", { conditions: [ready] });
    const { object } = await t.admin.get(t.requests("a"));
    const status = { conditions: [ready, approved] };
    await t.admin.put(t.requests("a", "status"), { ...object, status }, { fieldManager: "putter" });
    const answer = await apply(t, "issuer", { conditions: [{ ...ready, message: "later" }] });
    expect(answer.object.status).toEqual({ conditions: [{ ...ready, message: "later" }, approved] });
    expect(owned(answer, "putter")).toMatchObject({
      operation: "Update",
      subresource: "status",
      fieldsV1: { "f:status": { "f:conditions": { 'k:{"type":"Approved"}': { ".": {} } } } },
    });
  }),

  contractCase("conflicts without force where another manager set the condition otherwise", async (t) => {
    await t.created(t.requests(), t.request("a"));
    await apply(t, "one", { conditions: [ready] });
    const { spec: _, ...request } = t.request("a");
    const body = { ...request, status: { conditions: [{ ...ready, message: "mine" }] } };
    const answer = await t.admin.patch(t.requests("a", "status"), "apply", body, { fieldManager: "two" });
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({
      details: {
        causes: [
          {
            reason: "FieldManagerConflict",
            message: 'conflict with "one" with subresource "status"',
            field: '.status.conditions[type="Ready"].message',
          },
        ],
      },
    });
  }),

  contractCase("changes nothing, managedFields' times included, when applied again", async (t) => {
    await t.created(t.requests(), t.request("a"));
    const first = await apply(t, "issuer", { conditions: [ready] });
    const again = await apply(t, "issuer", { conditions: [ready] });
    expect(again.object).toEqual(first.object);
  }),

  contractCase("ignores spec and owns nothing of it", async (t) => {
    const created = await t.created(t.requests(), t.request("a"));
    const body = { ...t.request("a", "another"), status: { conditions: [ready] } };
    const answer = await t.admin.patch(t.requests("a", "status"), "apply", body, {
      fieldManager: "issuer",
      force: true,
    });
    expect(answer.object.spec).toEqual(created.spec);
    expect(owned(answer, "issuer")).toMatchObject({
      fieldsV1: { "f:status": { "f:conditions": { 'k:{"type":"Ready"}': {} } } },
    });
    expect(owned(answer, "issuer")).not.toHaveProperty("fieldsV1.f:spec");
  }),

  contractCase("creates no object", async (t) => {
    const answer = await apply(t, "issuer", { conditions: [ready] });
    expect(answer.status).toBe(404);
    expect(answer.body).toMatchObject({ reason: "NotFound", details: { name: "a", kind: "requests" } });
  }),

  contractCase("does not take a uid as a precondition", async (t) => {
    await t.created(t.requests(), t.request("a"));
    const uid = "11111111-2222-3333-4444-555555555555";
    const answer = await apply(t, "issuer", { conditions: [ready] }, { uid });
    expect(answer.status).toBe(200);
    expect(answer.object.metadata.uid).not.toBe(uid);
    expect(answer.object.status).toEqual({ conditions: [ready] });
  }),

  contractCase("takes a resourceVersion as a precondition", async (t) => {
    const created = await t.created(t.requests(), t.request("a"));
    const { resourceVersion } = created.metadata;
    expect((await apply(t, "approver", { conditions: [approved] }, { resourceVersion })).status).toBe(200);
    const answer = await apply(t, "issuer", { conditions: [ready] }, { resourceVersion });
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({ reason: "Conflict", details: { name: "a", kind: "requests" } });
  }),

  contractCase("refuses a condition reason that the schema's pattern does not allow", async (t) => {
    await t.created(t.requests(), t.request("a"));
    const answer = await apply(t, "issuer", { conditions: [{ ...ready, reason: "not a reason" }] });
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({
      details: { causes: [{ reason: "FieldValueInvalid", field: "status.conditions[0].reason" }] },
    });
  }),

  contractCase("applies concurrently by many managers without loss", async (t) => {
    await t.created(t.requests(), t.request("a"));
    const types = ["A", "B", "C", "D", "E", "F", "G", "H"];
    const quiet = t.admin.unrecorded;
    const { spec: _, ...request } = t.request("a");
    const answers = await Promise.all(
      types.map((type) => {
        const body = { ...request, status: { conditions: [{ ...ready, type }] } };
        return quiet.patch(t.requests("a", "status"), "apply", body, { fieldManager: `manager-${type}` });
      }),
    );
    expect(answers.map((answer) => answer.status)).toEqual(types.map(() => 200));
    const { status } = (await quiet.get(t.requests("a"))).object;
    const { conditions } = status as { conditions: { type: string }[] };
    expect(conditions.map(({ type }) => type).toSorted()).toEqual(types);
  }),
]);
