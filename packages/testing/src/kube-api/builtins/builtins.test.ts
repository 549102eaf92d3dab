import { describe, expect, test } from "vitest";
import { startKubeApi } from "../start-kube-api.ts";
import { call, MERGE_PATCH, STRATEGIC_PATCH, widgetCrd } from "../testing-client.ts";

const DEFAULT = "/api/v1/namespaces/default";

describe("events", () => {
  const modern = {
    metadata: { name: "e" },
    regarding: { kind: "Widget", namespace: "default", name: "w" },
    reportingController: "example.com/issuer",
    reportingInstance: "issuer-0",
    action: "Sign",
    reason: "Signed",
    type: "Normal",
    note: "done",
    eventTime: "2026-01-01T00:00:00.000000Z",
  };

  test("are one set of objects under two APIs", async () => {
    await using api = await startKubeApi();
    await call(api, "POST", "/apis/events.k8s.io/v1/namespaces/default/events", modern);
    const core = (await call(api, "GET", `${DEFAULT}/events/e`)).body;
    expect(core).toMatchObject({
      apiVersion: "v1",
      involvedObject: modern.regarding,
      message: "done",
      reportingComponent: "example.com/issuer",
    });
    const series = { series: { count: 2, lastObservedTime: "2026-01-01T00:01:00.000000Z" } };
    await call(api, "PATCH", `${DEFAULT}/events/e`, series, { type: STRATEGIC_PATCH });
    const { items } = (
      await call(api, "GET", "/apis/events.k8s.io/v1/events?fieldSelector=regarding.name%3Dw")
    ).body;
    expect(items).toMatchObject([{ note: "done", ...series }]);
    expect(
      (await call(api, "GET", `${DEFAULT}/events?fieldSelector=involvedObject.name%3Dx`)).body.items,
    ).toEqual([]);
  });

  test("of the newer API must say who did what when", async () => {
    await using api = await startKubeApi();
    const { action: _action, ...incomplete } = modern;
    const path = "/apis/events.k8s.io/v1/namespaces/default/events";
    expect((await call(api, "POST", path, incomplete)).body).toMatchObject({
      code: 422,
      details: { causes: [{ field: "action" }] },
    });
  });
});

test("a deleted namespace takes its objects with it and waits for finalizers", async () => {
  await using api = await startKubeApi();
  await call(api, "POST", "/api/v1/namespaces", { metadata: { name: "team" } });
  const held = { metadata: { name: "held", finalizers: ["example.com/hold"] } };
  await call(api, "POST", "/api/v1/namespaces/team/configmaps", held);
  await call(api, "POST", "/api/v1/namespaces/team/secrets", { metadata: { name: "free" } });
  expect((await call(api, "DELETE", "/api/v1/namespaces/team")).body.status).toEqual({
    phase: "Terminating",
  });
  await expect
    .poll(async () => (await call(api, "GET", "/api/v1/namespaces/team/secrets/free")).code)
    .toBe(404);
  expect((await call(api, "GET", "/api/v1/namespaces/team")).code).toBe(200);
  const late = await call(api, "POST", "/api/v1/namespaces/team/secrets", { metadata: { name: "late" } });
  expect(late.body.message).toContain("because it is being terminated");
  await call(
    api,
    "PATCH",
    "/api/v1/namespaces/team/configmaps/held",
    { metadata: { finalizers: null } },
    { type: MERGE_PATCH },
  );
  await expect.poll(async () => (await call(api, "GET", "/api/v1/namespaces/team")).code).toBe(404);
});

test("a deleted CustomResourceDefinition takes its objects with it", async () => {
  await using api = await startKubeApi();
  const crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const widgets = "/apis/example.com/v1/namespaces/default/widgets";
  await call(api, "POST", crds, widgetCrd);
  await call(api, "POST", widgets, {
    apiVersion: "example.com/v1",
    kind: "Widget",
    metadata: { name: "a" },
    spec: { size: 1 },
  });
  await call(api, "DELETE", `${crds}/widgets.example.com`);
  await expect.poll(async () => (await call(api, "GET", `${crds}/widgets.example.com`)).code).toBe(404);
  expect((await call(api, "GET", widgets)).code).toBe(404);
  await call(api, "POST", crds, widgetCrd);
  expect((await call(api, "GET", widgets)).body.items).toEqual([]);
});

test("a secret turns stringData into data and keeps its type", async () => {
  await using api = await startKubeApi();
  await call(api, "POST", `${DEFAULT}/secrets`, { metadata: { name: "s" }, stringData: { a: "b" } });
  const { body } = await call(
    api,
    "PATCH",
    `${DEFAULT}/secrets/s`,
    { stringData: { c: "d" } },
    { type: STRATEGIC_PATCH },
  );
  expect(body).toMatchObject({ type: "Opaque", data: { a: "Yg==", c: "ZA==" } });
  expect(body).not.toHaveProperty("stringData");
  expect((await call(api, "PATCH", `${DEFAULT}/secrets/s`, { type: "x" }, { type: MERGE_PATCH })).code).toBe(
    422,
  );
});

test("bodies past 3 MiB are refused", async () => {
  await using api = await startKubeApi();
  const body = { metadata: { name: "big" }, data: { a: "x".repeat(3 * 1024 * 1024) } };
  expect((await call(api, "POST", `${DEFAULT}/configmaps`, body)).body).toMatchObject({
    code: 413,
    reason: "RequestEntityTooLarge",
  });
});
