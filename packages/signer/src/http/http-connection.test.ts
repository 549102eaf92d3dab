import { X509Certificate } from "node:crypto";
import type { RequestListener } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { IssuerError, RetryableError } from "../errors.ts";
import { HttpClient } from "./http-client.ts";
import type { HttpClientOptions } from "./http-client-options.ts";
import { httpFailureOf, requestWasSent } from "./http-failure.ts";
import { closedPort, failureOf, ServerFixture } from "./server-fixture.ts";
import { TlsFixture } from "./tls-fixture.ts";

async function secure(listener: RequestListener, options: HttpClientOptions = {}) {
  const root = TlsFixture.root();
  const pair = await root.issue();
  const server = await ServerFixture.https(pair, listener);
  const http = new HttpClient({ ca: root.ca, ...options });
  return {
    server,
    http,
    certificate: new X509Certificate(pair.cert).raw,
    async [Symbol.asyncDispose]() {
      http.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

test("sends all requests over one connection, which shows its server's certificate each time it is opened", async () => {
  const ports: (number | undefined)[] = [];
  await using fixture = await secure((request, response) => {
    ports.push(request.socket.remotePort);
    response.writeHead(request.url === "/no" ? 401 : 200).end(request.headers["x-leg"]);
  });
  const { server, http, certificate } = fixture;
  for (let opened = 1; opened <= 3; opened += 1) {
    using connection = await http.connect(server.url);
    // Of a resumed TLS session there would be none.
    expect(Buffer.from(connection.serverCertificate).equals(certificate)).toBe(true);
    const refused = await connection.request("POST", `${server.url}/no`, { headers: { "x-leg": "1" } });
    expect([refused.status, String(refused.body)]).toEqual([401, "1"]);
    const answer = await connection.request("POST", `${server.url}/yes`, { body: "csr" });
    expect(answer.status).toBe(200);
    expect(connection.isOpen).toBe(true);
    expect(server.accepted).toBe(opened);
  }
  expect(new Set(ports).size).toBe(3);
});

test("takes no second connection when the server has closed the first", async () => {
  await using fixture = await secure((_, response) => response.writeHead(200, { connection: "close" }).end());
  const { server, http } = fixture;
  using connection = await http.connect(server.url);
  await connection.request("GET", server.url);
  await expect.poll(() => connection.isOpen).toBe(false);
  const failure = await failureOf(connection.request("POST", server.url, { body: "csr" }));
  expect([requestWasSent(failure), httpFailureOf(failure)]).toEqual([false, "reset"]);
  expect(failure).toBeInstanceOf(RetryableError);
  expect(server.accepted).toBe(1);
});

test("has the client's limits: body, deadline of the head, and idle time", async () => {
  await using fixture = await secure(
    (request, response) => {
      if (request.url === "/large") response.end("x".repeat(2_000));
      else if (request.url === "/") response.end();
    },
    { maxBodyBytes: 1_000, headersTimeoutMs: 150, idleTimeoutMs: 100 },
  );
  const { server, http } = fixture;
  for (const [path, failure] of [
    ["/large", "too-large"],
    ["/hangs", "headers-timeout"],
  ]) {
    using connection = await http.connect(server.url);
    expect(httpFailureOf(await failureOf(connection.request("GET", server.url + path)))).toBe(failure);
    expect(connection.isOpen).toBe(false);
  }
  using connection = await http.connect(server.url);
  await connection.request("GET", server.url);
  await delay(300);
  expect(connection.isOpen).toBe(false);
});

test("ends with the caller's signal and with the client", async () => {
  await using fixture = await secure(() => {});
  const { server, http } = fixture;
  using connection = await http.connect(server.url);
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  await expect(connection.request("GET", server.url, { signal })).rejects.toBe(reason);
  await expect(http.connect(server.url, { signal })).rejects.toBe(reason);
  using other = await http.connect(server.url);
  const asked = failureOf(other.request("GET", server.url));
  http.close();
  expect(httpFailureOf(await asked)).toBe("closed");
  expect(other.isOpen).toBe(false);
});

test("connects to nothing but verified TLS, and leads to no other origin", async () => {
  await using fixture = await secure((_, response) => response.end());
  const { server, http } = fixture;
  await expect(http.connect("http://127.0.0.1:1")).rejects.toThrow(IssuerError);
  using stranger = new HttpClient();
  expect(httpFailureOf(await failureOf(stranger.connect(server.url)))).toBe("tls");
  using connection = await http.connect(server.url);
  await expect(connection.request("GET", "https://127.0.0.1:1/")).rejects.toThrow(TypeError);
});

test("dials under the same policy: loopback by name is refused, and nothing is waited for beyond the deadline", async () => {
  await using server = await ServerFixture.raw((socket) => socket.end("hello"));
  using http = new HttpClient({ resolve: async () => [{ address: "127.0.0.1", family: 4 }] });
  const socket = await http.dial("127.0.0.1", server.port);
  socket.setEncoding("utf8");
  expect((await socket.toArray()).join("")).toBe("hello");
  expect(httpFailureOf(await failureOf(http.dial("kdc.example.com", server.port)))).toBe("address");
  expect(httpFailureOf(await failureOf(http.dial("127.0.0.1", await closedPort())))).toBe("connect");
  const reason = new Error("enough");
  await expect(http.dial("127.0.0.1", server.port, { signal: AbortSignal.abort(reason) })).rejects.toBe(
    reason,
  );
});
