import { expect, test } from "vitest";
import { ManualScheduler } from "../queue/manual-scheduler-fixture.ts";
import { type ApplyStatusOptions, applyStatus } from "./apply-status.ts";
import { type Thing, thing, thingType } from "./collection-fixture.ts";
import { failure, json, reset, type Script, ScriptedServer } from "./scripted-server-fixture.ts";

const ok: Script = (response) => json(response, 200, thing("a", 2));
const options: ApplyStatusOptions = {
  type: thingType,
  object: thing("a", 1),
  status: { phase: "Done" },
  fieldManager: "acme",
  signal: AbortSignal.timeout(10_000),
  backoff: { initialMs: 1, maxMs: 5 },
};

/** Answers PATCHes from a list of scripts, one after the other, and GETs with the object given. */
async function start(patches: readonly Script[], current: Thing = thing("a", 7)) {
  let turn = 0;
  return ScriptedServer.start((response, request) => {
    if (request.method === "GET") return json(response, 200, current);
    const script = patches[Math.min(turn, patches.length - 1)];
    turn += 1;
    return script?.(response, request);
  });
}

const versions = (server: ScriptedServer) =>
  server.requests.map(({ method, body }) =>
    method === "GET" ? "GET" : JSON.parse(body).metadata.resourceVersion,
  );

test("applies with force, under the field manager's name, guarded by the version; resolves to the object", async () => {
  await using server = await start([ok]);
  expect(await applyStatus(server.transport(), options)).toMatchObject({
    metadata: { resourceVersion: "2" },
  });
  const [request] = server.requests;
  expect(request).toMatchObject({
    method: "PATCH",
    path: "/apis/example.com/v1/namespaces/ns/things/a/status",
    headers: { "content-type": "application/apply-patch+yaml" },
  });
  expect(Object.fromEntries(request?.query ?? [])).toEqual({ fieldManager: "acme", force: "true" });
  expect(JSON.parse(request?.body ?? "")).toEqual({
    apiVersion: "example.com/v1",
    kind: "Thing",
    metadata: { name: "a", namespace: "ns", resourceVersion: "1" },
    status: { phase: "Done" },
  });
});

test("an object that is gone is undefined", async () => {
  await using server = await start([(response) => failure(response, 404, "NotFound")]);
  expect(await applyStatus(server.transport(), options)).toBeUndefined();
  expect(server.requests).toHaveLength(1);
});

test("a conflict reads the object again and writes with its version, at once", async () => {
  await using server = await start([(response) => failure(response, 409, "Conflict"), ok]);
  const scheduler = new ManualScheduler();
  expect(await applyStatus(server.transport(), { ...options, scheduler })).toBeDefined();
  expect(versions(server)).toEqual(["1", "GET", "7"]);
});

test("an object of the same name with another uid is left alone", async () => {
  await using server = await start(
    [(response) => failure(response, 409, "Conflict")],
    thing("a", 7, { uid: "new" }),
  );
  expect(await applyStatus(server.transport(), options)).toBeUndefined();
  expect(versions(server)).toEqual(["1", "GET"]);
});

test("conflict after conflict is retried with a back-off, each time with a fresh version", async () => {
  const conflict: Script = (response) => failure(response, 409, "Conflict");
  await using server = await start([conflict, conflict, conflict, ok]);
  const told: string[] = [];
  await applyStatus(server.transport(), { ...options, onRetry: ({ message }) => told.push(message) });
  expect(versions(server)).toEqual(["1", "GET", "7", "GET", "7", "GET", "7"]);
  expect(told).toHaveLength(3);
});

test.each<[string, Script]>([
  ["429", (response) => failure(response, 429, "TooManyRequests")],
  ["500", (response) => failure(response, 500, "InternalError")],
  ["503", (response) => failure(response, 503, "ServiceUnavailable")],
  ["a TCP reset", reset],
  [
    "an answer that breaks off",
    (response) => response.writeHead(200, { "content-length": "9" }).write("{") as never,
  ],
  ["something that is no JSON", (response) => void response.end("<html>")],
])("the write is retried after %s", async (name, script) => {
  const cut: Script = (response, request) => {
    const sent = script(response, request);
    if (name.startsWith("an answer")) setTimeout(() => reset(response), 5);
    return sent;
  };
  await using server = await start([cut, cut, ok]);
  expect(await applyStatus(server.transport(), options)).toBeDefined();
  expect(versions(server)).toEqual(["1", "1", "1"]);
});

test.each([400, 401, 403, 422])("%i is thrown", async (code) => {
  await using server = await start([(response) => failure(response, code, "No")]);
  await expect(applyStatus(server.transport(), options)).rejects.toMatchObject({ status: code });
});

test("Retry-After is waited for where it exceeds the back-off", async () => {
  const slow: Script = (response) =>
    failure(response, 503, "ServiceUnavailable", "wait", { "retry-after": "3" });
  await using server = await start([slow, ok]);
  const scheduler = new ManualScheduler();
  const applied = applyStatus(server.transport(), { ...options, scheduler });
  await expect.poll(() => scheduler.pending).toBe(1);
  await scheduler.advance(2_999);
  expect(server.requests).toHaveLength(1);
  await scheduler.advance(1);
  expect(await applied).toBeDefined();
});

test("goes on until the signal aborts, and rejects with its reason", async () => {
  await using server = await start([(response) => failure(response, 500, "InternalError")]);
  const stop = new AbortController();
  const applied = applyStatus(server.transport(), { ...options, signal: stop.signal });
  await expect.poll(() => server.requests.length).toBeGreaterThan(5);
  stop.abort(new Error("enough"));
  await expect(applied).rejects.toThrow("enough");
});
