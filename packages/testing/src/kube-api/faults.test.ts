import { describe, expect, test } from "vitest";
import { type KubeApi, startKubeApi } from "./start-kube-api.ts";
import { call, openWatch } from "./testing-client.ts";

const MAPS = "/api/v1/namespaces/default/configmaps";

function create(api: KubeApi, name: string) {
  return call(api, "POST", MAPS, { metadata: { name } });
}

describe("faults", () => {
  test("answer with a status, as often as they are told to, and only where they match", async () => {
    await using api = await startKubeApi();
    const fault = api.faults.add({
      verb: ["create", "patch"],
      resource: "configmaps",
      times: 2,
      action: { type: "status", code: 429, retryAfterSeconds: 7 },
    });
    const refused = await create(api, "a");
    expect(refused).toMatchObject({
      code: 429,
      body: { reason: "TooManyRequests", details: { retryAfterSeconds: 7 } },
    });
    expect(refused.headers.get("retry-after")).toBe("7");
    expect((await call(api, "GET", MAPS)).code).toBe(200);
    expect(
      (await call(api, "POST", "/api/v1/namespaces/default/secrets", { metadata: { name: "a" } })).code,
    ).toBe(201);
    expect((await create(api, "a")).code).toBe(429);
    expect((await create(api, "a")).code).toBe(201);
    expect(fault.hits).toBe(2);
  });

  test("reset the connection before anything happens", async () => {
    await using api = await startKubeApi();
    const fault = api.faults.add({ verb: "create", action: { type: "reset" } });
    await expect(create(api, "a")).rejects.toThrow();
    fault.remove();
    expect((await call(api, "GET", `${MAPS}/a`)).code).toBe(404);
    expect(api.requests[0]).toMatchObject({ verb: "create", code: 0 });
  });

  test("commit a write and drop the answer", async () => {
    await using api = await startKubeApi();
    api.faults.add({ verb: "create", name: "", times: 1, action: { type: "dropResponse" } });
    await expect(create(api, "a")).rejects.toThrow();
    expect((await call(api, "GET", `${MAPS}/a`)).code).toBe(200);
  });

  test("stall a request", async () => {
    await using api = await startKubeApi();
    api.faults.add({ verb: "get", resource: "configmaps", action: { type: "stall", ms: 60 } });
    const started = performance.now();
    await call(api, "GET", `${MAPS}/a`);
    expect(performance.now() - started).toBeGreaterThanOrEqual(55);
  });

  test("hit with a probability drawn from the given source", async () => {
    await using api = await startKubeApi();
    const draws = [0.1, 0.6, 0.49, 0.5];
    const random = () => draws.shift() ?? 1;
    api.faults.add({ verb: "create", probability: 0.5, random, action: { type: "status", code: 500 } });
    const codes = [];
    for (const name of ["a", "b", "c", "d"]) codes.push((await create(api, name)).code);
    expect(codes).toEqual([500, 201, 500, 201]);
  });

  test("tell the object from its subresource, and one group from another", async () => {
    await using api = await startKubeApi();
    const fault = api.faults.add({
      group: "",
      resource: "namespaces",
      subresource: "status",
      action: { type: "status", code: 503 },
    });
    expect((await call(api, "GET", "/api/v1/namespaces/default")).code).toBe(200);
    expect((await call(api, "GET", "/api/v1/namespaces/default/status")).code).toBe(503);
    api.faults.clear();
    expect((await call(api, "GET", "/api/v1/namespaces/default/status")).code).toBe(200);
    expect(fault.hits).toBe(1);
  });

  test("mute a watch: it opens and stays silent", async () => {
    await using api = await startKubeApi({ bookmarkIntervalMs: 10 });
    api.faults.add({ verb: "watch", times: 1, action: { type: "mute" } });
    await using mute = await openWatch(api, `${MAPS}?allowWatchBookmarks=true`);
    await using healthy = await openWatch(api, MAPS);
    await create(api, "a");
    await healthy.take(1);
    expect(mute.events).toEqual([]);
  });

  test("cut, end and fail open watches", async () => {
    await using api = await startKubeApi();
    await using cut = await openWatch(api, MAPS);
    expect(api.faults.cutWatches({ resource: "configmaps" })).toBe(1);
    await cut.ended;
    await using ended = await openWatch(api, MAPS);
    expect(api.faults.endWatches({ resource: "secrets" })).toBe(0);
    expect(api.faults.endWatches()).toBe(1);
    await ended.ended;
    await using failed = await openWatch(api, MAPS);
    expect(api.faults.failWatches({ group: "" })).toBe(1);
    await failed.ended;
    expect(failed.events).toMatchObject([{ type: "ERROR", object: { code: 410, reason: "Expired" } }]);
  });

  test("say what is wrong with a rule", async () => {
    await using api = await startKubeApi();
    const action = { type: "reset" } as const;
    expect(() => api.faults.add({ probability: 2, action })).toThrow("Expected `probability`");
    expect(() => api.faults.add({ times: 0, action })).toThrow("Expected `times`");
  });
});
