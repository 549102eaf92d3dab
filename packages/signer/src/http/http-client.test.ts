import type { ServerResponse } from "node:http";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { RequestRejected, signerErrorCode } from "../errors.ts";
import { HttpClient } from "./http-client.ts";
import type { HttpExchangeEvent } from "./http-request.ts";
import { echo, serve } from "./serve-fixture.ts";
import { failureOf } from "./server-fixture.ts";

describe("HttpClient requests", () => {
  test("sends JSON with a bearer token and resolves to the parsed answer", async () => {
    await using rig = await serve(echo);
    const answer = await rig.http.post(`${rig.url}/orders?a=b`, { json: { csr: "é" }, bearer: "t0ken" });
    expect(answer).toMatchObject({
      method: "POST",
      url: "/orders?a=b",
      body: '{"csr":"é"}',
      headers: {
        authorization: "Bearer t0ken",
        "content-type": "application/json",
        "content-length": "12",
        accept: "application/json",
        "accept-encoding": "identity",
        "user-agent": "countersign",
        connection: "keep-alive",
      },
    });
  });

  test("keeps the reason phrase, in which some servers say what is wrong", async () => {
    await using rig = await serve((_, response) => response.writeHead(403, "No grant for this scope").end());
    const { status, statusText } = await rig.http.request("POST", rig.url, { accept: "any" });
    expect({ status, statusText }).toEqual({ status: 403, statusText: "No grant for this scope" });
  });

  test("sends a body as it is, and headers over its own defaults", async () => {
    await using rig = await serve(echo, { userAgent: "issuer/1" });
    const headers = { "Content-Type": "application/pkcs10", Accept: "application/pkix-cert" };
    const answer = await rig.http.json("put", rig.url, { body: Buffer.from("MII"), headers });
    expect(answer).toMatchObject({
      method: "PUT",
      body: "MII",
      headers: {
        "content-type": "application/pkcs10",
        accept: "application/pkix-cert",
        "user-agent": "issuer/1",
      },
    });
  });

  test.each([
    ["Host", "evil"],
    ["content-length", "0"],
    ["Transfer-Encoding", "chunked"],
    ["connection", "close"],
    ["accept-encoding", "gzip"],
    ["proxy-authorization", "Basic x"],
    ["bad name", "x"],
  ])("refuses the header %s from a caller", async (name, value) => {
    await using rig = await serve(echo);
    const error = await failureOf(rig.http.get(rig.url, { headers: { [name]: value } }));
    expect(error).toBeInstanceOf(TypeError);
    expect(rig.server.accepted).toBe(0);
  });

  test.each(["hunter2\n", "hunter2\r\nx-evil: 1", "hunter2\u0000", "hunter\u20ac2"])(
    "says which header a Secret's value cannot be put into, without the value: %j",
    async (bearer) => {
      await using rig = await serve(echo);
      const error = await failureOf(rig.http.get(rig.url, { bearer }));
      expect(error).toMatchObject({ code: "ISSUER" });
      expect(error.message).toMatch(/header authorization .* line break/);
      expect(error.message).not.toContain("hunter");
      expect(rig.server.accepted).toBe(0);
    },
  );

  test.each(["CONNECT", "", "GET /", "G\nET", "PÖST"])("refuses the method %j", async (method) => {
    using http = new HttpClient();
    expect(await failureOf(http.request(method, "http://127.0.0.1:1"))).toBeInstanceOf(TypeError);
  });

  test.each([
    ["timeoutMs", 0],
    ["connectTimeoutMs", 1.5],
    ["headersTimeoutMs", Number.NaN],
    ["idleTimeoutMs", -1],
    ["maxBodyBytes", 2 ** 31],
    ["maxConnections", Number.POSITIVE_INFINITY],
  ])("refuses the option %s: %d by its name", (name, value) => {
    expect(() => new HttpClient({ [name]: value })).toThrow(new RegExp(`\`${name}\` .* got \`${value}\``));
  });

  test("takes an undefined option for one that is left out", () => {
    expect(() => new HttpClient({ timeoutMs: undefined, ca: undefined, proxy: undefined })).not.toThrow();
  });
});

describe("HttpClient answers", () => {
  test.each([
    [400, "REQUEST_REJECTED"],
    [401, "ISSUER"],
    [403, "ISSUER"],
    [404, "ISSUER"],
    [302, "ISSUER"],
    [407, "ISSUER"],
    [409, "REQUEST_REJECTED"],
    [422, "REQUEST_REJECTED"],
    [408, "RETRYABLE"],
    [429, "RETRYABLE"],
    [500, "RETRYABLE"],
    [503, "RETRYABLE"],
  ])("maps status %i to %s without showing the body", async (status, code) => {
    await using rig = await serve((_, response) => response.writeHead(status).end("hunter2"));
    const error = await failureOf(rig.http.get(`${rig.url}/path`, { bearer: "s3cret" }));
    expect(signerErrorCode(error)).toBe(code);
    expect(error.message).toContain(String(status));
    expect(error.message).not.toMatch(/hunter2|s3cret|path/);
  });

  test("hands on Retry-After of a 429, also as a date by the client's clock", async () => {
    await using rig = await serve((request, response) => {
      const after = request.url === "/date" ? "Thu, 01 Jan 2026 00:00:09 GMT" : "7";
      response.writeHead(429, { "retry-after": after }).end();
    });
    expect(await failureOf(rig.http.get(rig.url))).toMatchObject({ code: "RETRYABLE", retryAfterMs: 7000 });
    const clock = {
      now: () => Date.parse("2026-01-01T00:00:00Z"),
      monotonic: () => 0,
      after: () => () => {},
    };
    using timed = new HttpClient({ clock });
    expect(await failureOf(timed.get(`${rig.url}/date`))).toMatchObject({ retryAfterMs: 9000 });
  });

  test("resolves for the statuses that the caller accepts, or for all", async () => {
    await using rig = await serve((_, response) => response.writeHead(404).end("{}"));
    expect((await rig.http.request("GET", rig.url, { accept: [404] })).status).toBe(404);
    expect((await rig.http.request("GET", rig.url, { accept: "any" })).status).toBe(404);
    expect(await failureOf(rig.http.request("GET", rig.url, { accept: [400] }))).toBeInstanceOf(Error);
  });

  test("resolves to undefined for an empty answer", async () => {
    await using rig = await serve((_, response) => response.writeHead(204).end());
    expect(await rig.http.json("DELETE", rig.url)).toBeUndefined();
    expect(await rig.http.json("HEAD", rig.url)).toBeUndefined();
  });

  test("takes a HEAD answer that announces a large body", async () => {
    await using rig = await serve((_, response) =>
      response.writeHead(200, { "content-length": "99999999" }).end(),
    );
    expect((await rig.http.request("HEAD", rig.url)).status).toBe(200);
  });

  test.each([
    ["announced", (response: ServerResponse) => response.end("x".repeat(5000))],
    ["chunked", (response: ServerResponse) => response.write("x".repeat(5000))],
  ])("ends an answer that is larger than the limit, %s", async (_, answer) => {
    await using rig = await serve((__, response) => void answer(response), { maxBodyBytes: 1000 });
    const error = await failureOf(rig.http.get(rig.url));
    expect(error).toMatchObject({ code: "ISSUER", failure: "too-large", requestSent: true });
    expect(error.message).toContain("more than 1000 bytes");
    await expect.poll(() => rig.server.sockets.size).toBe(0);
  });

  test("takes an answer of exactly the limit", async () => {
    await using rig = await serve((_, response) => response.end(`"${"x".repeat(998)}"`), {
      maxBodyBytes: 1000,
    });
    expect(await rig.http.get(rig.url)).toHaveLength(998);
  });

  test("ends a head that is larger than the limit", async () => {
    await using rig = await serve((_, response) => response.setHeader("x-long", "y".repeat(2000)).end("{}"));
    expect(await rig.http.get(rig.url)).toEqual({});
    using narrow = rig.http.with({ maxHeaderBytes: 1000 });
    expect(await failureOf(narrow.get(rig.url))).toMatchObject({ code: "ISSUER", failure: "too-large" });
  });

  test("refuses a compressed answer, which it did not ask for", async () => {
    await using rig = await serve((_, response) =>
      response.writeHead(200, { "content-encoding": "gzip" }).end("x"),
    );
    const error = await failureOf(rig.http.get(rig.url));
    expect(error).toMatchObject({ code: "ISSUER", failure: "protocol" });
    expect(error.message).toContain("compressed");
  });

  test("says that an answer is not JSON, too deep, or of an unexpected shape", async () => {
    let body = "<html>";
    await using rig = await serve((_, response) => response.end(body), { maxJsonDepth: 4 });
    expect((await failureOf(rig.http.get(rig.url))).message).toContain("not JSON");
    body = "[[[[[]]]]]";
    expect((await failureOf(rig.http.get(rig.url))).message).toContain("nested deeper than 4");
    body = '{"order":{"id":5}}';
    const parse = z.object({ order: z.object({ id: z.string() }) });
    const error = await failureOf(rig.http.get(rig.url, { parse }));
    expect(error).toMatchObject({ code: "ISSUER", cause: { message: "order.id: invalid_type" } });
    expect(error.message).toContain("unexpected shape");
  });

  test.each([
    ["not JSON", (response: ServerResponse) => response.end("<html>")],
    ["another shape", (response: ServerResponse) => response.end("{}")],
    ["too large", (response: ServerResponse) => response.end("x".repeat(2000))],
    ["compressed", (response: ServerResponse) => response.setHeader("content-encoding", "br").end("x")],
    ["elsewhere", (response: ServerResponse) => response.writeHead(303, { location: "/" }).end()],
  ])(
    "blames the issuer for an answer that is %s after a GET; after a POST the PKI may have issued",
    async (_, answer) => {
      await using rig = await serve((__, response) => void answer(response), { maxBodyBytes: 1000 });
      const parse = z.object({ id: z.string() });
      expect(await failureOf(rig.http.get(rig.url, { parse }))).toMatchObject({ code: "ISSUER" });
      const error = await failureOf(rig.http.post(rig.url, { parse }));
      expect(error).toMatchObject({ code: "RETRYABLE", issuedNothing: false });
    },
  );

  test("says of a call that nothing was issued where that is certain", async () => {
    let status = 429;
    await using rig = await serve((_, response) => response.writeHead(status).end());
    expect(await failureOf(rig.http.post(rig.url))).toMatchObject({ issuedNothing: true });
    status = 503;
    expect(await failureOf(rig.http.post(rig.url))).toMatchObject({ issuedNothing: false });
    expect(await failureOf(rig.http.post("http://127.0.0.1:1"))).toMatchObject({ issuedNothing: true });
  });

  test("keeps an error of the closed set that the parser throws", async () => {
    await using rig = await serve((_, response) => response.end('{"state":"denied"}'));
    const parse = {
      parse(): never {
        throw new RequestRejected("The PKI denied the order.");
      },
    };
    expect(await failureOf(rig.http.get(rig.url, { parse }))).toMatchObject({ code: "REQUEST_REJECTED" });
  });
});

describe("HttpClient onExchange", () => {
  test("is told of every exchange: status or failure, method, host and time", async () => {
    const events: HttpExchangeEvent[] = [];
    await using rig = await serve(
      (request, response) => {
        if (request.url === "/moved") response.writeHead(302, { location: "/end" }).end();
        else if (request.url === "/hang") response.write("{");
        else response.writeHead(request.url === "/bad" ? 500 : 200).end("{}");
      },
      { onExchange: (event) => void events.push(event), timeoutMs: 500 },
    );
    await rig.http.get(`${rig.url}/moved`, { followRedirects: 1 });
    await failureOf(rig.http.post(`${rig.url}/bad`));
    await failureOf(rig.http.get(`${rig.url}/hang`));
    await failureOf(rig.http.get("http://127.0.0.1:1/"));
    const abort = new AbortController();
    const call = failureOf(rig.http.get(`${rig.url}/hang`, { signal: abort.signal }));
    setTimeout(() => abort.abort(), 20);
    await call;
    const host = new URL(rig.url).host;
    const ms = expect.any(Number);
    expect(events).toEqual([
      { method: "GET", host, status: 302, ms },
      { method: "GET", host, status: 200, ms },
      { method: "POST", host, status: 500, ms },
      { method: "GET", host, failure: "timeout", ms },
      { method: "GET", host: "127.0.0.1:1", failure: "connect", ms },
      { method: "GET", host, failure: "aborted", ms },
    ]);
    expect(events[3]?.ms).toBeGreaterThanOrEqual(490);
  });

  test("fails no call by throwing", async () => {
    await using rig = await serve(echo, {
      onExchange: () => {
        throw new Error("metrics are down");
      },
    });
    expect(await rig.http.get(rig.url)).toBeDefined();
  });
});
