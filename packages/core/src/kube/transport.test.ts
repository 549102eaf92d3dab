import { getEventListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { isKubeApiError, KubeApiError } from "./kube-api-error.ts";
import { failure, json, reset, ScriptedServer } from "./scripted-server-fixture.ts";
import { KubeTransport } from "./transport.ts";

test("1,000 sequential GETs use one connection", async () => {
  await using server = await ScriptedServer.start((response) => json(response, 200, { ok: true }));
  const transport = server.transport();
  for (let i = 0; i < 1_000; i += 1) await transport.request({ path: "/api/v1/namespaces/a" });
  expect(server.requests).toHaveLength(1_000);
  expect(server.accepted).toBe(1);
});

test("sends method, query, body, media types and user agent; resolves to the parsed answer", async () => {
  await using server = await ScriptedServer.start((response) => json(response, 201, { kind: "Thing" }));
  const answer = await server.transport().request({
    method: "PATCH",
    path: "/apis/x/v1/things/a/status",
    query: { fieldManager: "me & you", force: true, missing: undefined },
    body: { spec: "é" },
    contentType: "application/apply-patch+yaml",
  });
  expect(answer).toEqual({ kind: "Thing" });
  const [request] = server.requests;
  expect(request).toMatchObject({
    method: "PATCH",
    path: "/apis/x/v1/things/a/status",
    body: '{"spec":"é"}',
  });
  expect([...(request?.query ?? [])]).toEqual([
    ["fieldManager", "me & you"],
    ["force", "true"],
  ]);
  expect(request?.headers).toMatchObject({
    "content-type": "application/apply-patch+yaml",
    accept: "application/json",
    "user-agent": "test/1.0",
  });
});

test("keeps a path prefix of the server's address", async () => {
  await using server = await ScriptedServer.start((response) => json(response, 200, {}));
  const transport = new KubeTransport({
    connection: { server: `${server.url}/k8s/clusters/c-1/` },
    userAgent: "t",
  });
  await transport.request({ path: "/api/v1/pods" });
  transport.close();
  expect(server.requests[0]?.path).toBe("/k8s/clusters/c-1/api/v1/pods");
});

test("a Status becomes a KubeApiError with its reason, details and wait", async () => {
  await using server = await ScriptedServer.start((response) =>
    json(response, 422, {
      kind: "Status",
      code: 422,
      reason: "Invalid",
      message: "spec.url is wrong",
      details: { name: "a", causes: [{ field: "spec.url", message: "is wrong" }], retryAfterSeconds: 2 },
    }),
  );
  const error = await server
    .transport()
    .request({ method: "POST", path: "/x", body: {} })
    .catch((e: unknown) => e);
  expect(error).toBeInstanceOf(KubeApiError);
  expect(error).toMatchObject({
    status: 422,
    reason: "Invalid",
    message: "spec.url is wrong",
    request: "POST /x",
    details: { name: "a", causes: [{ field: "spec.url", message: "is wrong" }] },
    retryAfterMs: 2_000,
  });
  expect(server.requests).toHaveLength(1);
});

test("an error page of a proxy is not echoed", async () => {
  await using server = await ScriptedServer.start((response) => {
    response.writeHead(502, { "content-type": "text/html" }).end("<h1>secret topology</h1>");
  });
  const error = await server
    .transport()
    .request({ path: "/x" })
    .catch((e: unknown) => e);
  expect(error).toMatchObject({ status: 502, reason: "", message: expect.not.stringContaining("topology") });
});

test("429 with Retry-After is repeated for a write, within the call's own time", async () => {
  let calls = 0;
  await using server = await ScriptedServer.start((response) => {
    calls += 1;
    if (calls === 1) failure(response, 429, "TooManyRequests", "slow down", { "retry-after": "0" });
    else if (calls === 2) json(response, 200, { ok: true });
    else failure(response, 429, "TooManyRequests", "slow down", { "retry-after": "60" });
  });
  const transport = server.transport();
  expect(await transport.request({ method: "PATCH", path: "/x", body: {} })).toEqual({ ok: true });
  const late = transport.request({ method: "PATCH", path: "/x", body: {} });
  await expect(late).rejects.toMatchObject({ status: 429, retryAfterMs: 60_000 });
  expect(calls).toBe(3);
});

test("429 is repeated at most twice", async () => {
  await using server = await ScriptedServer.start((response) =>
    failure(response, 429, "TooManyRequests", "slow down", { "retry-after": "0" }),
  );
  await expect(server.transport().request({ path: "/x" })).rejects.toMatchObject({ status: 429 });
  expect(server.requests).toHaveLength(3);
});

test("500 and 503 are not repeated", async () => {
  await using server = await ScriptedServer.start((response) => failure(response, 503, "ServiceUnavailable"));
  await expect(server.transport().request({ path: "/x" })).rejects.toMatchObject({ status: 503 });
  expect(server.requests).toHaveLength(1);
});

test("a connection reset before an answer repeats a GET, never a write", async () => {
  await using server = await ScriptedServer.start((response) => {
    if (server.requests.length % 2 === 1) reset(response);
    else json(response, 200, { ok: true });
  });
  const transport = server.transport();
  expect(await transport.request({ path: "/x" })).toEqual({ ok: true });
  server.requests.length = 0;
  await expect(transport.request({ method: "PATCH", path: "/x", body: {} })).rejects.toMatchObject({
    code: "KUBE_NETWORK",
    failure: "reset",
  });
  expect(server.requests).toHaveLength(1);
});

test("an answer that breaks off is an error and is not repeated", async () => {
  await using server = await ScriptedServer.start((response) => {
    response.writeHead(200, { "content-length": "100" }).write('{"kind":');
    setTimeout(() => reset(response), 10);
  });
  await expect(server.transport().request({ path: "/x" })).rejects.toMatchObject({ failure: "truncated" });
  expect(server.requests).toHaveLength(1);
});

test("401 asks for fresh credentials once and repeats the call", async () => {
  await using server = await ScriptedServer.start((response, { headers }) => {
    if (headers.authorization === "Bearer fresh") json(response, 200, { ok: true });
    else failure(response, 401, "Unauthorized");
  });
  const asked: boolean[] = [];
  let token = "stale";
  const authorize = async ({ refresh }: { refresh: boolean }) => {
    asked.push(refresh);
    if (refresh) token = "fresh";
    return { authorization: `Bearer ${token}` };
  };
  const transport = server.transport({ connection: { server: server.url, authorize } });
  expect(await transport.request({ method: "POST", path: "/x", body: {} })).toEqual({ ok: true });
  expect(asked).toEqual([false, true]);
});

test("a second 401 is thrown", async () => {
  await using server = await ScriptedServer.start((response) => failure(response, 401, "Unauthorized"));
  await expect(server.transport().request({ path: "/x" })).rejects.toMatchObject({ status: 401 });
  expect(server.requests).toHaveLength(2);
});

test("credentials that cannot be had are one clear line", async () => {
  const connection = {
    server: "http://127.0.0.1:9",
    authorize: () => Promise.reject(new Error("the plugin said no")),
  };
  const transport = new KubeTransport({ connection, userAgent: "t" });
  await expect(transport.request({ path: "/x" })).rejects.toMatchObject({
    failure: "credentials",
    message: "There are no credentials for http://127.0.0.1:9: the plugin said no",
  });
});

test("a server that does not answer is given up on after the timeout, and its connection is closed", async () => {
  await using server = await ScriptedServer.start(() => {});
  await expect(server.transport().request({ path: "/x", timeoutMs: 50 })).rejects.toMatchObject({
    failure: "timeout",
  });
  await expect.poll(() => server.open).toBe(0);
});

test("a body that trickles for ever is given up on after the timeout", async () => {
  await using server = await ScriptedServer.start(async (response) => {
    response.writeHead(200);
    while (!response.destroyed) {
      response.write(" ");
      await sleep(5);
    }
  });
  await expect(server.transport().request({ path: "/x", timeoutMs: 60 })).rejects.toMatchObject({
    failure: "timeout",
  });
});

test("abort rejects with the signal's reason and closes the socket at once", async () => {
  await using server = await ScriptedServer.start(() => {});
  const stop = new AbortController();
  const call = server.transport().request({ path: "/x", signal: stop.signal });
  await expect.poll(() => server.requests.length).toBe(1);
  const reason = new Error("enough");
  const at = performance.now();
  stop.abort(reason);
  await expect(call).rejects.toBe(reason);
  expect(performance.now() - at).toBeLessThan(50);
  await expect.poll(() => server.open).toBe(0);
});

test("abort does not wait for credentials", async () => {
  const stop = new AbortController();
  const connection = { server: "http://127.0.0.1:9", authorize: () => new Promise<never>(() => {}) };
  const call = new KubeTransport({ connection, userAgent: "t" }).request({ path: "/x", signal: stop.signal });
  stop.abort(new Error("enough"));
  await expect(call).rejects.toThrow("enough");
});

test("a refused connection says what to check", async () => {
  await using server = await ScriptedServer.start(() => {});
  const transport = server.transport();
  const { url } = server;
  await server.close();
  await expect(transport.request({ path: "/x" })).rejects.toMatchObject({
    failure: "refused",
    message: `The Kubernetes API at ${url} refused the connection. Check that it is running and that the address is right.`,
  });
});

test("an answer that is no JSON is an error", async () => {
  await using server = await ScriptedServer.start((response) => void response.end("<html>"));
  await expect(server.transport().request({ path: "/x" })).rejects.toMatchObject({ failure: "protocol" });
});

test("an empty answer is undefined", async () => {
  await using server = await ScriptedServer.start((response) => void response.writeHead(204).end());
  expect(await server.transport().request({ method: "DELETE", path: "/x" })).toBeUndefined();
});

test("close ends running calls and refuses new ones", async () => {
  await using server = await ScriptedServer.start(() => {});
  const transport = server.transport();
  const call = transport.request({ path: "/x" });
  await expect.poll(() => server.requests.length).toBe(1);
  transport.close();
  await expect(call).rejects.toMatchObject({ failure: "closed" });
  await expect(transport.request({ path: "/x" })).rejects.toMatchObject({ failure: "closed" });
});

test("close in the moment between credentials and sending ends the call, too", async () => {
  await using server = await ScriptedServer.start((response) => json(response, 200, {}));
  for (let turns = 0; turns < 12; turns += 1) {
    const transport = server.transport();
    const call = transport.request({ path: "/x" }).catch((error: unknown) => error);
    for (let i = 0; i < turns; i += 1) await Promise.resolve();
    transport.close();
    expect(await call).toMatchObject({ failure: "closed" });
  }
});

test("watches do not use up the connections of calls", async () => {
  await using server = await ScriptedServer.start((response, { query }) => {
    if (query.has("watch")) response.writeHead(200).flushHeaders();
    else json(response, 200, {});
  });
  const transport = server.transport({ maxConnections: 1 });
  const stop = new AbortController();
  const streams = [1, 2, 3].map(async () => {
    for await (const _ of transport.stream({ path: "/x", query: { watch: true }, signal: stop.signal }));
  });
  await expect.poll(() => server.requests.length).toBe(3);
  await transport.request({ path: "/y", timeoutMs: 1_000 });
  stop.abort(new Error("enough"));
  await expect(Promise.all(streams)).rejects.toThrow("enough");
});

test("a wrong option is refused with its name, what is expected and what was given", () => {
  const connection = { server: "http://127.0.0.1:1" };
  expect(() => new KubeTransport({ connection, userAgent: "t", maxConnections: 0 })).toThrow(
    "Expected `maxConnections` to be an integer from 1 up, got `0`",
  );
  expect(() => new KubeTransport({ connection: { server: "http://example.com" }, userAgent: "t" })).toThrow(
    /plain http is for loopback addresses only/,
  );
});

test("errors are recognised by code, across copies of the package", () => {
  expect(isKubeApiError(Object.assign(new Error("x"), { code: "KUBE_API", status: 404 }), 404)).toBe(true);
  expect(isKubeApiError(Object.assign(new Error("x"), { code: "KUBE_API", status: 404 }), 409)).toBe(false);
  expect(isKubeApiError(new Error("x"))).toBe(false);
});

test("an answer beyond the limit is given up on while it comes, and the connection closed", async () => {
  await using server = await ScriptedServer.start(async (response) => {
    response.writeHead(200);
    while (!response.destroyed) {
      response.write("x".repeat(1_000));
      await sleep(1);
    }
  });
  await expect(server.transport({ maxBodyBytes: 10_000 }).request({ path: "/x" })).rejects.toMatchObject({
    failure: "too-large",
    message: "The answer of the Kubernetes API to /x is longer than 10000 bytes.",
  });
  await expect.poll(() => server.open).toBe(0);
});

test("a line beyond the limit ends a stream", async () => {
  await using server = await ScriptedServer.start((response) => {
    response.write(`{"a":"${"x".repeat(500)}"}\n`);
    response.write("y".repeat(2_000));
  });
  const lines: unknown[] = [];
  const read = async () => {
    for await (const line of server.transport({ maxLineBytes: 1_000 }).stream({ path: "/x" }))
      lines.push(line);
  };
  await expect(read()).rejects.toMatchObject({ failure: "too-large" });
  expect(lines).toHaveLength(1);
});

test("a stream with no head of an answer is given up on after the timeout", async () => {
  await using server = await ScriptedServer.start(() => {});
  const stream = server.transport().stream({ path: "/x", timeoutMs: 40 });
  await expect(stream.next()).rejects.toMatchObject({ failure: "timeout" });
  await expect.poll(() => server.open).toBe(0);
});

test("leaving the loop over a stream closes its connection at once", async () => {
  await using server = await ScriptedServer.start((response) => void response.write('{"a":1}\n{"a":2}\n'));
  for await (const line of server.transport().stream({ path: "/x" })) {
    expect(line).toEqual({ a: 1 });
    break;
  }
  await expect.poll(() => server.open).toBe(0);
});

test("a stream that ends cleanly gives its connection back for the next", async () => {
  await using server = await ScriptedServer.start((response) => void response.end('{"a":1}\n'));
  const transport = server.transport();
  for (let i = 0; i < 20; i += 1) {
    for await (const line of transport.stream({ path: "/x" })) expect(line).toEqual({ a: 1 });
  }
  expect(server.accepted).toBe(1);
});

test("a stream asks for fresh credentials after a 401", async () => {
  await using server = await ScriptedServer.start((response, { headers }) => {
    if (headers.authorization === "fresh") response.end('{"a":1}\n');
    else failure(response, 401, "Unauthorized");
  });
  const authorize = async ({ refresh }: { refresh: boolean }) => ({
    authorization: refresh ? "fresh" : "stale",
  });
  const stream = server.transport({ connection: { server: server.url, authorize } }).stream({ path: "/x" });
  expect(await stream.next()).toEqual({ done: false, value: { a: 1 } });
});

test("credentials that never come are given up on after the timeout", async () => {
  const connection = { server: "http://127.0.0.1:9", authorize: () => new Promise<never>(() => {}) };
  const call = new KubeTransport({ connection, userAgent: "t" }).request({ path: "/x", timeoutMs: 20 });
  await expect(call).rejects.toMatchObject({
    failure: "credentials",
    message: expect.stringMatching(/: timeout$/),
  });
});

test("an abort before the call sends nothing", async () => {
  await using server = await ScriptedServer.start((response) => json(response, 200, {}));
  const call = server.transport().request({ path: "/x", signal: AbortSignal.abort(new Error("never")) });
  await expect(call).rejects.toThrow("never");
  expect(server.requests).toEqual([]);
});

test("one signal may serve any number of calls and leaves no listener behind", async () => {
  await using server = await ScriptedServer.start((response) => json(response, 200, {}));
  const transport = server.transport();
  const { signal } = new AbortController();
  await Promise.all(Array.from({ length: 200 }, () => transport.request({ path: "/x", signal })));
  expect(getEventListeners(signal, "abort")).toEqual([]);
  expect(server.accepted).toBeLessThanOrEqual(50);
});
