import { expect } from "vitest";
import { contractArea, contractCase } from "../contract-case.ts";

const spec = {
  holderIdentity: "one",
  leaseDurationSeconds: 15,
  acquireTime: "2026-01-01T00:00:00.000000Z",
  renewTime: "2026-01-01T00:00:00.123456Z",
  leaseTransitions: 0,
};

export const leaseCases = contractArea("Leases", [
  contractCase("keep microseconds as they were sent", async (t) => {
    const lease = await t.created(t.leases(), { metadata: { name: "a" }, spec });
    expect(lease).toMatchObject({ apiVersion: "coordination.k8s.io/v1", kind: "Lease", spec });
    return (lease.spec as typeof spec).renewTime.replace(/\D/g, "");
  }),

  contractCase("refuse a time without six decimals", async (t) => {
    const answer = await t.admin.create(t.leases(), {
      metadata: { name: "a" },
      spec: { ...spec, renewTime: "2026-01-01T00:00:00Z" },
    });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ reason: "BadRequest" });
  }),

  contractCase("refuse a duration of nothing", async (t) => {
    const answer = await t.admin.create(t.leases(), {
      metadata: { name: "a" },
      spec: { ...spec, leaseDurationSeconds: 0 },
    });
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({
      message:
        'Lease.coordination.k8s.io "a" is invalid: spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0',
    });
  }),

  contractCase("let one of two candidates create", async (t) => {
    const { unrecorded } = t.admin;
    const answers = await Promise.all(
      ["one", "two"].map((holderIdentity) =>
        unrecorded.create(t.leases(), { metadata: { name: "a" }, spec: { ...spec, holderIdentity } }),
      ),
    );
    expect(answers.map((answer) => answer.status).toSorted()).toEqual([201, 409]);
  }),

  contractCase("let one of two candidates take over by the same resourceVersion", async (t) => {
    const lease = await t.created(t.leases(), { metadata: { name: "a" }, spec });
    const { unrecorded } = t.admin;
    const answers = await Promise.all(
      ["two", "three"].map((holderIdentity) =>
        unrecorded.put(t.leases("a"), { ...lease, spec: { ...spec, holderIdentity, leaseTransitions: 1 } }),
      ),
    );
    expect(answers.map((answer) => answer.status).toSorted()).toEqual([200, 409]);
    const winner = answers.find((answer) => answer.status === 200)?.object.spec;
    expect((await unrecorded.get(t.leases("a"))).object.spec).toEqual(winner);
  }),

  contractCase("renew by PUT and release by an empty holder", async (t) => {
    const lease = await t.created(t.leases(), { metadata: { name: "a" }, spec });
    const renewTime = "2026-01-01T00:00:05.000001Z";
    const renewed = await t.admin.put(t.leases("a"), { ...lease, spec: { ...spec, renewTime } });
    expect(renewed.object.spec).toEqual({ ...spec, renewTime });
    const released = await t.admin.put(t.leases("a"), {
      ...renewed.object,
      spec: { ...spec, holderIdentity: "", leaseDurationSeconds: 1 },
    });
    expect(released.object.spec).toMatchObject({ holderIdentity: "", leaseDurationSeconds: 1 });
  }),
]);
