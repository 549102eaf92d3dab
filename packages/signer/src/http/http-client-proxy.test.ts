import { X509Certificate } from "node:crypto";
import type { Duplex } from "node:stream";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { beforeAll, describe, expect, test } from "vitest";
import { HttpClient } from "./http-client.ts";
import type { HttpClientOptions } from "./http-client-options.ts";
import { ProxyFixture, type ProxyFixtureOptions } from "./proxy-fixture.ts";
import { closedPort, failureOf, ServerFixture } from "./server-fixture.ts";
import { type PemPair, TlsFixture } from "./tls-fixture.ts";

const root = TlsFixture.root();
const host = "pki.corp.example";
let server: PemPair;

beforeAll(async () => {
  server = await root.issue({ dnsNames: [host] });
});

/** A PKI over TLS that only the proxy can find, under the name of {@link host}. */
async function behindProxy(options: ProxyFixtureOptions = {}, client: HttpClientOptions = {}) {
  const pki = await ServerFixture.https(server, (request, response) =>
    response.end(JSON.stringify({ path: request.url, headers: request.headers })),
  );
  const proxy = await ProxyFixture.start({ upstream: { host: "127.0.0.1", port: pki.port }, ...options });
  const http = new HttpClient({ ca: root.ca, proxy: { url: proxy.url(options.credentials) }, ...client });
  return {
    pki,
    proxy,
    http,
    url: `https://${host}:8443`,
    async [Symbol.asyncDispose]() {
      http.close();
      await proxy[Symbol.asyncDispose]();
      await pki[Symbol.asyncDispose]();
    },
  };
}

describe("HttpClient through a proxy", () => {
  test("reaches https targets by a tunnel with TLS inside, on kept connections", async () => {
    await using rig = await behindProxy();
    for (let call = 0; call < 3; call += 1) {
      const answer = await rig.http.get<{ path: string }>(`${rig.url}/orders?x=1`, { bearer: "t" });
      expect(answer).toMatchObject({
        path: "/orders?x=1",
        headers: { authorization: "Bearer t", host: `${host}:8443` },
      });
    }
    expect(rig.proxy.seen).toEqual([
      {
        method: "CONNECT",
        target: `${host}:8443`,
        headers: { host: `${host}:8443`, connection: expect.anything() },
      },
    ]);
    expect(rig.pki.accepted).toBe(1);
  });

  test("gives one connection to hold in a tunnel, which shows the target's certificate", async () => {
    await using rig = await behindProxy();
    using connection = await rig.http.connect(rig.url);
    const { raw } = new X509Certificate(server.cert);
    expect(Buffer.from(connection.serverCertificate).equals(raw)).toBe(true);
    expect((await connection.request("GET", `${rig.url}/held`)).status).toBe(200);
    expect([rig.proxy.seen.length, rig.pki.accepted]).toEqual([1, 1]);
  });

  test("verifies the target's certificate, not the proxy's word", async () => {
    await using rig = await behindProxy({}, { ca: TlsFixture.root().ca });
    expect(await failureOf(rig.http.get(rig.url))).toMatchObject({ code: "ISSUER", failure: "tls" });
  });

  test("shows the proxy its credentials and the target none of them", async () => {
    await using rig = await behindProxy({ credentials: "us er:p@ss/w:rd" }, {});
    const url = rig.proxy.url("us%20er:p%40ss%2Fw%3Ard");
    using http = rig.http.with({ proxy: { url } });
    const { headers } = await http.get<{ headers: object }>(rig.url);
    expect(headers).not.toHaveProperty("proxy-authorization");
    expect(rig.proxy.seen[0]?.headers["proxy-authorization"]).toBe(
      `Basic ${Buffer.from("us er:p@ss/w:rd").toString("base64")}`,
    );
  });

  test("speaks TLS to an https proxy, with the system's roots and not the issuer's", async () => {
    await using rig = await behindProxy({ tls: await root.issue() });
    const error = await failureOf(rig.http.get(rig.url));
    expect(error).toMatchObject({ code: "ISSUER", failure: "proxy", requestSent: false });
    expect(error.message).toContain("TLS to the proxy: the server's certificate is not trusted");
    expect(rig.proxy.seen).toEqual([]);
  });

  test("reaches a target with TLS inside TLS through an https proxy that the system trusts", async () => {
    const before = getCACertificates("default");
    const proxyRoot = TlsFixture.root();
    setDefaultCACertificates([...before, proxyRoot.ca]);
    try {
      await using rig = await behindProxy({ tls: await proxyRoot.issue(), credentials: "u:p" });
      for (let call = 0; call < 2; call += 1)
        expect(await rig.http.get(rig.url)).toMatchObject({ path: "/" });
      expect(rig.proxy.seen).toHaveLength(1);
      rig.http.close();
      await expect.poll(() => rig.proxy.open).toBe(0);
    } finally {
      setDefaultCACertificates(before);
    }
  });

  test("asks an http proxy in absolute form for plain http", async () => {
    await using pki = await ServerFixture.http((request, response) => {
      response.end(JSON.stringify({ path: request.url, host: request.headers.host }));
    });
    await using proxy = await ProxyFixture.start({
      credentials: "u:p",
      upstream: { host: "127.0.0.1", port: pki.port },
    });
    using http = new HttpClient({ proxy: { httpUrl: proxy.url("u:p") }, allowPlainHttp: true });
    for (let call = 0; call < 2; call += 1) {
      const answer = await http.get(`http://${host}/orders?x=1#part`);
      expect(answer).toEqual({ path: "/orders?x=1", host });
    }
    expect(proxy.seen.map(({ target }) => target)).toEqual([
      `http://${host}/orders?x=1`,
      `http://${host}/orders?x=1`,
    ]);
    using other = new HttpClient({ proxy: { httpUrl: proxy.url("u:wrong") }, allowPlainHttp: true });
    expect(await failureOf(other.get(`http://${host}/`))).toMatchObject({
      code: "ISSUER",
      message: expect.stringContaining("the proxy wants credentials"),
    });
  });

  test("bypasses the proxy for what NO_PROXY names, and always for loopback", async () => {
    await using pki = await ServerFixture.http((_, response) => response.end("{}"));
    await using proxy = await ProxyFixture.start();
    const resolve = async () => [{ address: "127.0.0.1", family: 4 }];
    const options = { allowPlainHttp: true, allowLoopback: true, resolve };
    using http = new HttpClient({ proxy: { url: proxy.url(), noProxy: ".corp.example" }, ...options });
    await http.get(pki.url);
    await http.get(pki.at("localhost"));
    await http.get(pki.at(host));
    expect(proxy.seen).toEqual([]);
  });

  test("leaves names to the proxy to resolve, but refuses forbidden addresses that are written out", async () => {
    await using rig = await behindProxy(
      {},
      {
        resolve: () => Promise.reject(new Error("the client must not resolve")),
      },
    );
    await rig.http.get(rig.url);
    const error = await failureOf(rig.http.get("https://169.254.169.254/latest"));
    expect(error.message).toContain("link-local");
    expect(rig.proxy.seen).toHaveLength(1);
  });

  type Case = readonly [string, (socket: Duplex) => void, string, RegExp];
  const status = (line: string) => (socket: Duplex) => void socket.end(`HTTP/1.1 ${line}\r\n\r\n`);
  test.each<Case>([
    ["wants credentials", status("407 Proxy Authentication Required"), "ISSUER", /wants credentials.*407/],
    ["forbids the target", status("403 Forbidden"), "ISSUER", /does not allow the connection \(403\)/],
    ["cannot reach the target", status("502 Bad Gateway"), "RETRYABLE", /the proxy answered 502/],
    [
      "answers a page",
      (socket) => void socket.end("<html>hunter2</html>"),
      "RETRYABLE",
      /does not speak HTTP/,
    ],
    ["closes", (socket) => void socket.destroy(), "RETRYABLE", /broke off/],
    [
      "speaks into the tunnel",
      (socket) => void socket.write("HTTP/1.1 200 OK\r\n\r\nhunter2"),
      "RETRYABLE",
      /data of its own/,
    ],
    [
      "has a huge header",
      (socket) => void socket.write(`HTTP/1.1 200 OK\r\nx: ${"y".repeat(5_000)}\r\n\r\n`),
      "RETRYABLE",
      /does not speak HTTP/,
    ],
  ])("says that the proxy %s, unsent", async (_, onConnect, code, words) => {
    await using rig = await behindProxy({ onConnect }, { maxHeaderBytes: 2_000 });
    const error = await failureOf(rig.http.post(rig.url));
    expect(error).toMatchObject({ code, failure: "proxy", requestSent: false });
    expect(error.message).toMatch(words);
    expect(error.message).not.toContain("hunter2");
    await expect.poll(() => rig.proxy.open).toBe(0);
  });

  test("counts a silent proxy into the connect deadline", async () => {
    await using rig = await behindProxy({ onConnect: () => {} }, { connectTimeoutMs: 60 });
    const error = await failureOf(rig.http.get(rig.url));
    expect(error).toMatchObject({ code: "RETRYABLE", failure: "connect-timeout", requestSent: false });
    await expect.poll(() => rig.proxy.open).toBe(0);
  });

  test("is retryable when nothing listens at the proxy's address", async () => {
    using http = new HttpClient({ proxy: { url: `http://127.0.0.1:${await closedPort()}` } });
    const error = await failureOf(http.get(`https://${host}`));
    expect(error).toMatchObject({ code: "RETRYABLE", requestSent: false });
    expect(error.message).toContain("ECONNREFUSED");
  });

  test("ends a tunnel that is being made when the client closes", async () => {
    await using rig = await behindProxy({ onConnect: () => {} });
    const call = failureOf(rig.http.get(rig.url));
    await expect.poll(() => rig.proxy.seen.length).toBe(1);
    rig.http.close();
    expect(await call).toMatchObject({ code: "RETRYABLE", failure: "closed" });
    await expect.poll(() => rig.proxy.open).toBe(0);
  });
});
