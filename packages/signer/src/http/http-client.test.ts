import type { RequestListener, ServerResponse } from "node:http";
import { describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { RequestRejected, signerErrorCode } from "../errors.ts";
import { HttpClient } from "./http-client.ts";
import type { HttpClientOptions } from "./http-client-options.ts";
import type { HttpExchangeEvent } from "./http-request.ts";
import { failureOf, ServerFixture } from "./server-fixture.ts";

/** A server with this listener and a client of it. */
async function serve(listener: RequestListener, options?: HttpClientOptions) {
  const server = await ServerFixture.http(listener);
  const http = new HttpClient(options);
  return {
    server,
    http,
    url: server.url,
    async [Symbol.asyncDispose]() {
      http.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** Answers with what was asked. */
const echo: RequestListener = (request, response) => {
  let body = "";
  request.on("data", (chunk) => {
    body += chunk;
  });
  request.on("end", () => {
    const { method, url, headers } = request;
    response.end(JSON.stringify({ method, url, headers, body }));
  });
};

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

describe("HttpClient deadlines and aborts", () => {
  test("gives up at the deadline for the head of the answer, as retryable", async () => {
    await using rig = await serve(() => {}, { headersTimeoutMs: 50 });
    const error = await failureOf(rig.http.get(rig.url));
    expect(error).toMatchObject({ code: "RETRYABLE", failure: "headers-timeout", requestSent: true });
    expect(error.message).toContain("no answer within 0.05 s");
    await expect.poll(() => rig.server.sockets.size).toBe(0);
  });

  test("does not count a slow body against the deadline for the head", async () => {
    await using rig = await serve(
      (_, response) => {
        response.write("{");
        setTimeout(() => response.end("}"), 700);
      },
      { headersTimeoutMs: 400 },
    );
    expect(await rig.http.get(rig.url)).toEqual({});
  });

  test("R14: does not let a head that drips in, or a stream of 1xx answers, push that deadline", async () => {
    for (const drop of ["x", "HTTP/1.1 103 Early Hints\r\n\r\n"]) {
      await using server = await ServerFixture.raw((socket) => {
        socket.write(drop === "x" ? "HTTP/1.1 200 OK\r\nx-slow: " : "");
        const timer = setInterval(() => socket.write(drop), 10);
        socket.on("close", () => clearInterval(timer)).resume();
      });
      using http = new HttpClient({ headersTimeoutMs: 100 });
      const start = performance.now();
      expect(await failureOf(http.get(server.url))).toMatchObject({ failure: "headers-timeout" });
      expect(performance.now() - start).toBeLessThan(1000);
    }
  });

  test("R14: gives up at the overall deadline while the body drips", async () => {
    await using rig = await serve(
      (_, response) => {
        const timer = setInterval(() => response.write(" "), 10);
        response.on("close", () => clearInterval(timer));
      },
      { timeoutMs: 100 },
    );
    const start = performance.now();
    const error = await failureOf(rig.http.get(rig.url));
    expect(error).toMatchObject({ code: "RETRYABLE", failure: "timeout", requestSent: true });
    expect(error.message).toContain("took longer than 0.1 s");
    expect(performance.now() - start).toBeLessThan(1000);
    await expect.poll(() => rig.server.sockets.size).toBe(0);
  });

  test("rejects with the caller's reason when the caller aborts, at every stage", async () => {
    const reason = new Error("stopping");
    const stages: readonly RequestListener[] = [() => {}, (_, response) => void response.write("{")];
    for (const listener of stages) {
      await using rig = await serve(listener);
      const abort = new AbortController();
      const call = failureOf(rig.http.get(rig.url, { signal: abort.signal }));
      await expect.poll(() => rig.server.accepted).toBe(1);
      abort.abort(reason);
      expect(await call).toBe(reason);
      await expect.poll(() => rig.server.sockets.size).toBe(0);
    }
  });

  test("does not connect for a signal that has aborted", async () => {
    await using rig = await serve(echo);
    const reason = new Error("stopped");
    expect(await failureOf(rig.http.get(rig.url, { signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(rig.server.accepted).toBe(0);
  });

  test("leaves no listener on the caller's signal and no timer", async () => {
    await using rig = await serve(echo);
    const abort = new AbortController();
    const added = vi.spyOn(abort.signal, "addEventListener");
    const removed = vi.spyOn(abort.signal, "removeEventListener");
    for (let call = 0; call < 10; call += 1) await rig.http.get(rig.url, { signal: abort.signal });
    expect(added).toHaveBeenCalledTimes(10);
    expect(removed).toHaveBeenCalledTimes(10);
    expect(process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length).toBeLessThan(5);
  });
});

describe("HttpClient connections", () => {
  test("uses one connection for calls in sequence", async () => {
    await using rig = await serve(echo);
    for (let call = 0; call < 20; call += 1) await rig.http.get(rig.url);
    expect(rig.server.accepted).toBe(1);
  });

  test("makes no more connections than allowed; further calls wait and time out in the queue", async () => {
    const held: ServerResponse[] = [];
    await using rig = await serve((_, response) => void held.push(response), {
      maxConnections: 2,
      timeoutMs: 1500,
    });
    const calls = Array.from({ length: 5 }, () => rig.http.get(rig.url));
    const results = Promise.allSettled(calls);
    for (let answered = 0; answered < 3; answered += 1) {
      await expect.poll(() => held.length).toBe(2);
      held.shift()?.end("{}");
    }
    await expect.poll(() => held.length).toBe(2);
    const late = await results;
    expect(rig.server.accepted).toBe(2);
    expect(late.map(({ status }) => status).sort()).toEqual([
      ...["fulfilled", "fulfilled", "fulfilled", "rejected", "rejected"],
    ]);
  });

  test("closes idle connections before servers do", async () => {
    await using rig = await serve(echo, { idleTimeoutMs: 300 });
    await rig.http.get(rig.url);
    expect(rig.server.sockets.size).toBe(1);
    await expect.poll(() => rig.server.sockets.size).toBe(0);
    await rig.http.get(rig.url);
    expect(rig.server.accepted).toBe(2);
  });

  test("fails calls under way as retryable when it closes, and refuses later ones without connecting", async () => {
    await using rig = await serve(() => {});
    const call = failureOf(rig.http.get(rig.url));
    await expect.poll(() => rig.server.accepted).toBe(1);
    rig.http.close();
    expect(await call).toMatchObject({ code: "RETRYABLE", failure: "closed", requestSent: true });
    expect(await failureOf(rig.http.get(rig.url))).toMatchObject({ failure: "closed", requestSent: false });
    await expect.poll(() => rig.server.sockets.size).toBe(0);
    expect(rig.server.accepted).toBe(1);
  });

  test("derives clients with other options, and closes them with itself", async () => {
    await using rig = await serve(echo, { userAgent: "parent" });
    const child = rig.http.with({ maxBodyBytes: 10 });
    expect((await failureOf(child.get(rig.url))).message).toContain("more than 10 bytes");
    const grandchild = child.with({ maxBodyBytes: undefined });
    expect(await grandchild.get(rig.url)).toMatchObject({ headers: { "user-agent": "parent" } });
    grandchild.close();
    expect(await rig.http.get(rig.url)).toBeDefined();
    rig.http.close();
    expect(await failureOf(child.get(rig.url))).toMatchObject({ failure: "closed" });
    expect(await failureOf(rig.http.with({}).get(rig.url))).toMatchObject({ failure: "closed" });
  });

  /** A server that answers the first request of a connection and resets it at the next, as if it had just closed it. */
  async function stale() {
    const seen: string[] = [];
    const server = await ServerFixture.raw((socket) => {
      let requests = 0;
      socket.on("data", (data) => {
        requests += 1;
        seen.push(String(data).split(" ", 1)[0] ?? "");
        if (requests > 1) socket.resetAndDestroy();
        else socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
      });
    });
    return { server, seen };
  }

  test.each(["GET", "HEAD", "PUT", "DELETE"])(
    "repeats a %s whose kept connection has gone stale",
    async (method) => {
      const { server, seen } = await stale();
      await using _ = server;
      using http = new HttpClient();
      // HEAD answers have no body, so the connection is warmed with a GET.
      await http.get(server.url);
      expect((await http.request(method, server.url)).status).toBe(200);
      expect(seen).toEqual(["GET", method, method]);
      expect(server.accepted).toBe(2);
    },
  );

  test("does not repeat a POST, unless the caller says that it may", async () => {
    const { server, seen } = await stale();
    await using _ = server;
    using http = new HttpClient();
    await http.get(server.url);
    const error = await failureOf(http.post(server.url, { json: {} }));
    expect(error).toMatchObject({ code: "RETRYABLE", failure: "reset", requestSent: true });
    expect(error.message).toContain("broke before an answer");
    await http.get(server.url);
    await http.post(server.url, { json: {}, idempotent: true });
    expect(seen).toEqual(["GET", "POST", "GET", "POST", "POST"]);
  });

  test("does not repeat a GET that the caller calls not idempotent, nor one on a fresh connection", async () => {
    const { server, seen } = await stale();
    await using _ = server;
    using http = new HttpClient();
    await http.get(server.url);
    expect(await failureOf(http.get(server.url, { idempotent: false }))).toMatchObject({ failure: "reset" });
    await using broken = await ServerFixture.raw((socket) => {
      seen.push("fresh");
      socket.once("data", () => socket.resetAndDestroy());
    });
    expect(await failureOf(http.get(broken.url))).toMatchObject({ failure: "reset", requestSent: true });
    expect(seen).toEqual(["GET", "GET", "fresh"]);
  });

  test("repeats once, on a fresh connection, however many kept ones have gone stale", async () => {
    let mayAnswer = true;
    let requests = 0;
    await using server = await ServerFixture.raw((socket) => {
      const isLate = !mayAnswer;
      socket.on("data", () => {
        requests += 1;
        if (mayAnswer) setTimeout(() => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"), 30);
        else if (isLate) socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
        else socket.resetAndDestroy();
      });
    });
    using http = new HttpClient();
    await Promise.all(Array.from({ length: 5 }, () => http.get(server.url)));
    expect(server.accepted).toBe(5);
    mayAnswer = false;
    expect(await http.get(server.url)).toEqual({});
    expect(requests).toBe(5 + 2);
  });
});

describe("HttpClient and broken servers", () => {
  test.each([
    ["not HTTP", "SSH-2.0-OpenSSH_9.2\r\n", "ISSUER", "protocol", /is not HTTP/],
    [
      "a bad chunk",
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\nhunter2",
      "RETRYABLE",
      "protocol",
      /not valid HTTP/,
    ],
    ["a bad header", "HTTP/1.1 200 OK\r\nx y: hunter2\r\n\r\n", "RETRYABLE", "protocol", /not valid HTTP/],
    [
      "two lengths",
      "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 9\r\n\r\n{}",
      "RETRYABLE",
      "protocol",
      /not valid HTTP/,
    ],
    [
      "length and chunks",
      "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
      "RETRYABLE",
      "protocol",
      /not valid HTTP/,
    ],
    ["a bare line feed", "HTTP/1.1 200 OK\nx: y\rz: hunter2\n\n", "RETRYABLE", "protocol", /not valid HTTP/],
    [
      "a huge header",
      `HTTP/1.1 200 OK\r\nx: ${"y".repeat(20_000)}\r\n\r\n`,
      "ISSUER",
      "too-large",
      /header is too large/,
    ],
    [
      "many headers",
      `HTTP/1.1 200 OK\r\n${"x: yyyyyyyy\r\n".repeat(5000)}\r\n`,
      "ISSUER",
      "too-large",
      /header is too large/,
    ],
    [
      "a switch of protocols",
      "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
      "RETRYABLE",
      "protocol",
      /without an answer/,
    ],
  ])("names %s", async (_, bytes, code, failure, words) => {
    await using server = await ServerFixture.answering(bytes);
    using http = new HttpClient({ headersTimeoutMs: 2000 });
    const error = await failureOf(http.get(server.url));
    expect(error).toMatchObject({ code, failure, requestSent: true });
    expect(error.message).toMatch(words);
    expect(error.message).not.toContain("hunter2");
    await expect.poll(() => server.sockets.size).toBe(0);
  });

  test.each([
    ["resets before an answer", "", "reset", /broke before an answer/],
    ["resets within the head", "HTTP/1.1 200 OK\r\nx-h: hunter2", "reset", /broke before an answer/],
    [
      "resets within the body",
      "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{hunter2",
      "reset",
      /middle of the answer/,
    ],
    [
      "resets between chunks",
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n",
      "reset",
      /middle of the answer/,
    ],
  ])("is retryable when the server %s", async (_, bytes, failure, words) => {
    await using server = await ServerFixture.raw((socket) => {
      socket.once("data", () => socket.write(bytes, () => setTimeout(() => socket.resetAndDestroy(), 10)));
    });
    using http = new HttpClient();
    const error = await failureOf(http.get(server.url, { idempotent: false }));
    expect(error).toMatchObject({ code: "RETRYABLE", failure, requestSent: true });
    expect(error.message).toMatch(words);
  });

  test("is retryable when the server closes with less than it announced", async () => {
    await using server = await ServerFixture.raw((socket) => {
      socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{}"));
    });
    using http = new HttpClient();
    expect(await failureOf(http.get(server.url))).toMatchObject({ code: "RETRYABLE", failure: "reset" });
  });

  test("does not take leftover bytes of one answer for the next", async () => {
    await using server = await ServerFixture.raw((socket) => {
      socket.on("data", () =>
        socket.write(
          'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n{"bad":1}',
        ),
      );
    });
    using http = new HttpClient();
    for (let call = 0; call < 3; call += 1) {
      expect(await http.get(server.url).catch(() => ({}))).toEqual({});
    }
  });
});

describe("HttpClient redirects", () => {
  test("does not follow one, so that credentials stay with the host they are for", async () => {
    let hits = 0;
    await using rig = await serve((request, response) => {
      hits += 1;
      if (request.url === "/elsewhere") response.end("{}");
      else response.writeHead(302, { location: "/elsewhere" }).end();
    });
    expect((await failureOf(rig.http.get(rig.url))).message).toContain("redirects are not followed");
    expect(hits).toBe(1);
  });

  test("follows as many as the call allows", async () => {
    await using rig = await serve((request, response) => {
      const step = Number(request.url?.slice(1));
      if (step >= 3) echo(request, response);
      else response.writeHead(307, { location: `/${step + 1}` }).end();
    });
    const options = { json: { a: 1 }, bearer: "t" };
    expect(await rig.http.post(`${rig.url}/0`, { ...options, followRedirects: 3 })).toMatchObject({
      method: "POST",
      url: "/3",
      body: '{"a":1}',
      headers: { authorization: "Bearer t" },
    });
    const error = await failureOf(rig.http.post(`${rig.url}/0`, { ...options, followRedirects: 2 }));
    expect(error).toMatchObject({ code: "ISSUER" });
    expect(error.message).toContain("redirects more than 2 times");
  });

  test("takes credentials to a trusted origin only, and to another without them", async () => {
    await using other = await serve(echo);
    await using rig = await serve((_, response) =>
      response.writeHead(302, { location: `${other.url}/b` }).end(),
    );
    const error = await failureOf(rig.http.get(rig.url, { bearer: "t", followRedirects: 1 }));
    expect(error.message).toContain("must not see the credentials");
    expect(other.server.accepted).toBe(0);
    const trusted = await rig.http.get(rig.url, {
      bearer: "t",
      followRedirects: 1,
      trustedOrigins: [other.url],
    });
    expect(trusted).toMatchObject({ url: "/b", headers: { authorization: "Bearer t" } });
    expect(await rig.http.get(rig.url, { followRedirects: 1 })).not.toHaveProperty("headers.authorization");
  });

  test.each([
    ["http://169.254.169.254/latest/", /link-local|plain http/],
    ["http://user:hunter2@127.0.0.1/", /contains credentials/],
    ["http://pki.example.com/", /plain http/],
    ["ftp://127.0.0.1/", /not an http/],
  ])("judges the location %s like any URL", async (location, words) => {
    await using rig = await serve((_, response) => response.writeHead(302, { location }).end());
    const error = await failureOf(rig.http.get(rig.url, { followRedirects: 5 }));
    expect(error).toMatchObject({ code: "ISSUER" });
    expect(error.message).toMatch(words);
    expect(error.message).not.toContain("hunter2");
  });

  test.each([["/missing"], ["/garbage"], ["/big"]])(
    "takes %s after a carried-out POST for a call that may have issued",
    async (path) => {
      await using rig = await serve(
        (request, response) => {
          if (request.url === "/") response.writeHead(303, { location: path }).end();
          else if (request.url === "/missing") response.writeHead(404).end();
          else response.end(request.url === "/big" ? "x".repeat(2000) : "<html>");
        },
        { maxBodyBytes: 1000 },
      );
      const error = await failureOf(rig.http.post(rig.url, { followRedirects: 1 }));
      expect(error).toMatchObject({ code: "RETRYABLE", issuedNothing: false });
      expect(await failureOf(rig.http.get(rig.url, { followRedirects: 1 }))).toMatchObject({
        code: "ISSUER",
      });
    },
  );

  test("counts what redirected as having seen the call", async () => {
    await using rig = await serve((_, response) =>
      response.writeHead(303, { location: "http://127.0.0.1:1/" }).end(),
    );
    const error = await failureOf(rig.http.post(rig.url, { followRedirects: 1 }));
    expect(error).toMatchObject({ failure: "connect", requestSent: true });
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
