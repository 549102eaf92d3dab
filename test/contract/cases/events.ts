import { expect } from "vitest";
import { contractArea, contractCase } from "../contract-case.ts";
import type { ContractContext } from "../contract-context.ts";
import { namespacedPath } from "../paths.ts";
import { status } from "../status.ts";

const events = (t: ContractContext, name?: string) =>
  namespacedPath("events.k8s.io/v1", t.namespace, "events", name);

const event = (t: ContractContext) => ({
  metadata: { name: "a" },
  eventTime: "2026-01-01T00:00:00.123456Z",
  type: "Normal",
  reason: "Issued",
  action: "Sign",
  note: "the certificate is there",
  reportingController: "pki.example.com/issuer",
  reportingInstance: "issuer-0",
  regarding: { apiVersion: "v1", kind: "ConfigMap", namespace: t.namespace, name: "a" },
});

export const eventCases = contractArea("events.k8s.io", [
  contractCase("come back as they were sent", async (t) => {
    const { metadata: _, ...fields } = event(t);
    const created = await t.created(events(t), event(t));
    expect(created).toMatchObject({ apiVersion: "events.k8s.io/v1", kind: "Event", ...fields });
  }),

  contractCase("become a series by patch", async (t) => {
    await t.created(events(t), event(t));
    const first = { count: 2, lastObservedTime: "2026-01-01T00:01:00.000000Z" };
    const merged = await t.admin.patch(events(t, "a"), "merge", { series: first });
    expect(merged.object).toMatchObject({ series: first, note: "the certificate is there" });
    const second = { count: 3, lastObservedTime: "2026-01-01T00:02:00.000000Z" };
    const strategic = await t.admin.patch(events(t, "a"), "strategic", { series: second });
    expect(strategic.object).toMatchObject({ series: second });
  }),

  contractCase("refuse to change what they say", async (t) => {
    await t.created(events(t), event(t));
    const answer = await t.admin.patch(events(t, "a"), "merge", { note: "something else" });
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({
      reason: "Invalid",
      details: { causes: [{ reason: "FieldValueInvalid", field: "message" }] },
    });
  }),

  contractCase("refuse a note of more than 1024 characters", async (t) => {
    const answer = await t.admin.create(events(t), { ...event(t), note: "x".repeat(1025) });
    const message = 'Invalid value: "": can have at most 1024 characters';
    expect(answer.body).toEqual(
      status(422, "Invalid", `Event "a" is invalid: message: ${message}`, {
        name: "a",
        kind: "Event",
        causes: [{ reason: "FieldValueInvalid", message, field: "message" }],
      }),
    );
  }),

  contractCase("refuse what they lack", async (t) => {
    const { eventTime: _, ...timeless } = event(t);
    const time = await t.admin.create(events(t), timeless);
    expect(time.body).toMatchObject({
      code: 422,
      details: { causes: [{ reason: "FieldValueRequired", field: "eventTime" }] },
    });
    for (const field of ["reason", "action", "reportingController", "reportingInstance"]) {
      const answer = await t.admin.create(events(t), { ...event(t), [field]: "" });
      expect(answer.status, field).toBe(422);
    }
  }),

  contractCase("refuse a type that is neither Normal nor Warning", async (t) => {
    const answer = await t.admin.create(events(t), { ...event(t), type: "Odd" });
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({
      message: 'Event "a" is invalid: type: Invalid value: "": has invalid value: Odd',
    });
  }),

  contractCase("are the core group's events too", async (t) => {
    await t.created(events(t), event(t));
    const core = (await t.admin.get(t.core("events", "a"))).object;
    expect(core).toMatchObject({
      apiVersion: "v1",
      kind: "Event",
      involvedObject: { kind: "ConfigMap", name: "a" },
      message: "the certificate is there",
      reportingComponent: "pki.example.com/issuer",
    });
    const { list } = await t.admin.get(t.core("events"), { fieldSelector: "involvedObject.name=a" });
    expect(list.items).toHaveLength(1);
    const none = await t.admin.get(t.core("events"), { fieldSelector: "involvedObject.name=b" });
    expect(none.list.items).toEqual([]);
  }),

  contractCase("need nothing that they are about to exist", async (t) => {
    const regarding = { ...event(t).regarding, name: "never-was" };
    expect((await t.admin.create(events(t), { ...event(t), regarding })).status).toBe(201);
  }),
]);
