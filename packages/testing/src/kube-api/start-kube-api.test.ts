import { describe, expect, test } from "vitest";
import { startKubeApi } from "./start-kube-api.ts";
import { call, widgetCrd } from "./testing-client.ts";

const WIDGETS = "/apis/example.com/v1/namespaces/default/widgets";

describe("startKubeApi", () => {
  test("serves health and version to anyone and resources only with a token", async () => {
    await using api = await startKubeApi();
    expect((await fetch(`${api.url}/readyz`)).status).toBe(200);
    expect((await fetch(`${api.url}/api/v1/secrets`)).status).toBe(403);
    const foreign = await fetch(`${api.url}/api/v1/secrets`, { headers: { authorization: "Bearer nope" } });
    expect(foreign.status).toBe(401);
    expect((await call(api, "GET", "/api/v1/secrets")).code).toBe(200);
  });

  test("serves the objects of a CustomResourceDefinition from the moment it is created", async () => {
    await using api = await startKubeApi();
    await call(api, "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", widgetCrd);
    const widget = {
      apiVersion: "example.com/v1",
      kind: "Widget",
      metadata: { name: "a" },
      spec: { size: 1 },
    };
    expect((await call(api, "POST", WIDGETS, widget)).code).toBe(201);
    const { body } = await call(api, "GET", WIDGETS);
    expect(body).toMatchObject({ kind: "WidgetList", items: [{ metadata: { name: "a", generation: 1 } }] });
  });

  test("rejects options out of range", async () => {
    await expect(startKubeApi({ watchWindow: 0 })).rejects.toThrow("Expected `watchWindow`");
  });

  test("refuses connections after close", async () => {
    const api = await startKubeApi();
    await api.close();
    await expect(fetch(`${api.url}/readyz`)).rejects.toThrow();
  });
});
