import type { ServerResponse } from "node:http";
import { describe, expect, test } from "vitest";
import { HttpClient } from "./http-client.ts";
import { echo, serve } from "./serve-fixture.ts";
import { failureOf, ServerFixture } from "./server-fixture.ts";

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

  test("remembers that the first attempt was sent when the repeat finds nobody", async () => {
    const { server } = await stale();
    using http = new HttpClient();
    await http.get(server.url);
    const call = failureOf(http.json("DELETE", server.url));
    await server.stopListening();
    expect(await call).toMatchObject({ failure: "connect", requestSent: true });
    await server[Symbol.asyncDispose]();
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
