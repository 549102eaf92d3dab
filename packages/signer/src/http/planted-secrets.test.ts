import type { Duplex } from "node:stream";
import { beforeAll, describe, expect, test } from "vitest";
import { SignerError } from "../errors.ts";
import { Endpoints } from "./endpoints.ts";
import { HttpClient } from "./http-client.ts";
import type { HttpClientOptions } from "./http-client-options.ts";
import type { HttpExchangeEvent, HttpRequestOptions } from "./http-request.ts";
import {
  bearerRequest,
  leaksOf,
  loadedBody,
  loadedHead,
  loadedRequest,
  loadedUrl,
  planted,
} from "./planted-secrets-fixture.ts";
import { ProxyFixture } from "./proxy-fixture.ts";
import { closedPort, failureOf, ServerFixture } from "./server-fixture.ts";
import { type PemPair, TlsFixture } from "./tls-fixture.ts";

const root = TlsFixture.root();
let server: PemPair;
let client: PemPair;

beforeAll(async () => {
  [server, client] = await Promise.all([root.issue(), root.issue()]);
});

const events: HttpExchangeEvent[] = [];
const onExchange = (event: HttpExchangeEvent) => void events.push(event);
const base: HttpClientOptions = { onExchange, headersTimeoutMs: 60, timeoutMs: 100, connectTimeoutMs: 60 };

type Run = (options: HttpRequestOptions) => Promise<unknown>;

/** Calls a URL that needs no server of its own. */
const toUrl =
  (url: string, options: HttpClientOptions = {}): Run =>
  (request) => {
    const http = new HttpClient({ ...base, ...options });
    return http.post(loadedUrl(url), request).finally(() => http.close());
  };

/** Calls a server that writes these bytes, and then does something to the connection. */
const toBytes =
  (bytes: string, then: "keep" | "reset" | "end" = "keep", more: HttpRequestOptions = {}): Run =>
  async (request) => {
    await using fixture = await ServerFixture.raw((socket) => {
      socket.once("data", () => {
        socket.write(bytes, () => {
          if (then === "reset") setTimeout(() => socket.resetAndDestroy(), 5);
          if (then === "end") socket.end();
        });
      });
    });
    using http = new HttpClient({ ...base, maxBodyBytes: 5_000, maxJsonDepth: 8 });
    await http.post(loadedUrl(fixture.url), { ...request, ...more });
  };

/** Calls a server that answers with secrets in status line, header and body. */
const toAnswer = (status: string, body = loadedBody, more: HttpRequestOptions = {}, head = ""): Run =>
  toBytes(
    `HTTP/1.1 ${status} ${planted.reasonPhrase}\r\n${loadedHead}\r\n${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    "keep",
    more,
  );

/** Calls a TLS server. */
const toTls =
  (serverOptions: () => object | Promise<object>, clientOptions: () => HttpClientOptions): Run =>
  async (request) => {
    await using fixture = await ServerFixture.https(await serverOptions(), (_, response) => response.end());
    using http = new HttpClient({ ...base, ...clientOptions() });
    await http.post(loadedUrl(fixture.url), request);
  };

/** Calls through a proxy that does this with the tunnel. */
const throughProxy =
  (onConnect: (socket: Duplex) => void, target = "https://pki.example.com"): Run =>
  async (request) => {
    await using proxy = await ProxyFixture.start({ credentials: "no:way", onConnect });
    const url = proxy.url(`${planted.proxyUser}:${planted.proxyPassword}`);
    using http = new HttpClient({ ...base, proxy: { url }, allowPlainHttp: true });
    await http.post(loadedUrl(target), request);
  };

const construct =
  (options: () => HttpClientOptions): Run =>
  async () => {
    new HttpClient(options()).close();
  };

const redirect = (location: string, more: HttpRequestOptions = {}): Run =>
  toAnswer("302", "", { followRedirects: 1, ...more }, `location: ${location}\r\n`);

const pemOf = (label: string, body: string) => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
const rejecting = (code: string) => () =>
  Promise.reject(Object.assign(new Error(`dns ${planted.misplaced}`), code === "" ? {} : { code }));
const throwing = (error: () => unknown) => ({
  parse(value: unknown): never {
    const thrown = error();
    if (thrown instanceof Error) thrown.message += JSON.stringify(value);
    throw thrown;
  },
});

const paths: readonly (readonly [string, Run])[] = [
  // Before a connection.
  ["not a URL", () => new HttpClient().get(`nonsense ${planted.misplaced}`)],
  ["userinfo", toUrl(`https://svc:${planted.userinfo}@pki.example.com`)],
  ["plain http", toUrl("http://pki.example.com")],
  ["white space in the URL", toUrl("https://pki.example.com/ a")],
  ["dot segments", toUrl("https://pki.example.com/../x")],
  ["forbidden literal", toUrl("https://169.254.169.254")],
  [
    "forbidden address",
    toUrl("https://pki.example.com", { resolve: async () => [{ address: "::1", family: 6 }] }),
  ],
  [
    "line break in the bearer",
    (o) => toUrl("http://127.0.0.1:1")({ ...o, headers: {}, bearer: `${planted.bearer}\n` }),
  ],
  [
    "control in a header",
    (o) => toUrl("http://127.0.0.1:1")({ ...o, headers: { "x-k": `${planted.apiKey}\u0001` } }),
  ],
  ["forbidden header", (o) => toUrl("http://127.0.0.1:1")({ ...o, headers: { host: planted.misplaced } })],
  ["header name", (o) => toUrl("http://127.0.0.1:1")({ ...o, headers: { [`${planted.misplaced} x`]: "y" } })],
  ["method", () => new HttpClient().request(`GET ${planted.misplaced}`, "http://127.0.0.1:1")],
  // No connection.
  ["resolver fails", toUrl("https://pki.example.com", { resolve: rejecting("ENOTFOUND") })],
  ["resolver throws", toUrl("https://pki.example.com", { resolve: rejecting("") })],
  ["resolver is empty", toUrl("https://pki.example.com", { resolve: async () => [] })],
  ["connection refused", async (o) => toUrl(`http://127.0.0.1:${await closedPort()}`)(o)],
  [
    "connections refused",
    async (o) => {
      const resolve = async () => ["127.0.0.1", "127.0.0.2"].map((address) => ({ address, family: 4 }));
      const allow = { resolve, allowLoopback: true, allowPlainHttp: true };
      await toUrl(`http://pki.example.com:${await closedPort()}`, allow)(o);
    },
  ],
  [
    "connect deadline",
    async (o) => {
      await using silent = await ServerFixture.raw((socket) => void socket.resume(), "https");
      await toUrl(silent.url)(o);
    },
  ],
  // TLS.
  [
    "unknown CA",
    toTls(
      () => server,
      () => ({ ca: TlsFixture.root().ca, ...client }),
    ),
  ],
  [
    "other name",
    toTls(
      () => root.issue({ dnsNames: ["x"], ipAddresses: [] }),
      () => ({ ca: root.ca, ...client }),
    ),
  ],
  [
    "expired server",
    toTls(
      () => root.issue({ from: -2, to: -1 }),
      () => ({ ca: root.ca }),
    ),
  ],
  [
    "client certificate required",
    toTls(
      () => ({ ...server, ca: root.ca, requestCert: true }),
      () => ({ ca: root.ca }),
    ),
  ],
  [
    "client certificate refused",
    toTls(
      () => ({ ...server, ca: TlsFixture.root().ca, requestCert: true }),
      () => ({ ca: root.ca, ...client }),
    ),
  ],
  [
    "no TLS on the port",
    async (o) => {
      await using plain = await ServerFixture.http((_, response) => response.end());
      await toUrl(plain.url.replace("http:", "https:"))(o);
    },
  ],
  ["TLS broken off", toBytes("", "reset")],
  // TLS material.
  ["bundle without certificate", construct(() => ({ ca: `hello ${planted.bundleText}` }))],
  ["bundle with bad base64", construct(() => ({ ca: pemOf("CERTIFICATE", `!${planted.bundleText}`) }))],
  [
    "bundle with a key",
    construct(() => ({ ca: `${planted.bundleText}\n${pemOf("PRIVATE KEY", planted.privateKey)}` })),
  ],
  ["bundle with a secret for a label", construct(() => ({ ca: pemOf(planted.bundleText, "AAAA") }))],
  ["unfinished bundle", construct(() => ({ ca: root.ca.slice(0, -30) + planted.bundleText }))],
  ["broken key", construct(() => ({ ...client, key: pemOf("PRIVATE KEY", planted.privateKey) }))],
  ["certificate for a key", construct(() => ({ ...client, key: `${planted.misplaced}\n${client.cert}` }))],
  [
    "encrypted key",
    construct(() => ({ ...client, key: pemOf("ENCRYPTED PRIVATE KEY", planted.privateKey) })),
  ],
  ["key without certificate", construct(() => ({ key: planted.privateKey }))],
  ["key of another certificate", construct(() => ({ cert: server.cert, key: client.key }))],
  ["server name", construct(() => ({ serverName: `${planted.misplaced} x` }))],
  // Proxies.
  ["proxy scheme", construct(() => ({ proxy: { url: `socks5://u:${planted.proxyPassword}@p` } }))],
  ["proxy not a URL", construct(() => ({ proxy: { url: planted.proxyPassword } }))],
  ["proxy escapes", construct(() => ({ proxy: { url: `http://u:${planted.proxyPassword}%zz@p` } }))],
  [
    "proxy wants credentials",
    throughProxy((s) => void s.end(`HTTP/1.1 407 ${planted.proxyAnswer}\r\n${loadedHead}\r\n\r\n`)),
  ],
  [
    "proxy forbids",
    throughProxy((s) => void s.end(`HTTP/1.1 403 ${planted.proxyAnswer}\r\n\r\n${loadedBody}`)),
  ],
  ["proxy fails", throughProxy((s) => void s.end(`HTTP/1.1 502 x\r\nx: ${planted.proxyAnswer}\r\n\r\n`))],
  ["proxy is no proxy", throughProxy((s) => void s.end(planted.proxyAnswer))],
  [
    "proxy speaks into the tunnel",
    throughProxy((s) => void s.write(`HTTP/1.1 200 OK\r\n\r\n${planted.proxyAnswer}`)),
  ],
  ["proxy is silent", throughProxy(() => {})],
  ["plain proxy wants credentials", throughProxy(() => {}, "http://pki.example.com")],
  [
    "proxy refuses connections",
    async (o) => {
      const url = `http://${planted.proxyUser}:${planted.proxyPassword}@127.0.0.1:${await closedPort()}`;
      await toUrl("https://pki.example.com", { proxy: { url } })(o);
    },
  ],
  // Broken answers.
  ["no answer", toBytes("")],
  [
    "reset before the answer",
    toBytes(`HTTP/1.1 200 ${planted.reasonPhrase}\r\nset-cookie: ${planted.setCookie}`, "reset"),
  ],
  ["closed before the answer", toBytes("", "end")],
  ["not HTTP", toBytes(`${planted.answerBody}\r\n\r\n`)],
  ["bad header", toBytes(`HTTP/1.1 200 OK\r\n${loadedHead}\r\n${planted.answerHeader} x: y\r\n\r\n`)],
  [
    "huge header",
    toBytes(`HTTP/1.1 200 OK\r\n${loadedHead}\r\nx: ${planted.answerHeader.repeat(2000)}\r\n\r\n`),
  ],
  [
    "bad chunk",
    toBytes(
      `HTTP/1.1 200 OK\r\n${loadedHead}\r\ntransfer-encoding: chunked\r\n\r\n1;x=${planted.chunkExtension}\r\n{\r\nZZ${planted.answerBody}`,
    ),
  ],
  [
    "switch of protocols",
    toBytes(
      `HTTP/1.1 101 ${planted.reasonPhrase}\r\n${loadedHead}\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n`,
    ),
  ],
  ["body deadline", toBytes(`HTTP/1.1 200 OK\r\n${loadedHead}\r\ncontent-length: 999\r\n\r\n${loadedBody}`)],
  ["reset within the body", toBytes(`HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n${loadedBody}`, "reset")],
  ["short body", toBytes(`HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n${loadedBody}`, "end")],
  ["large body", toAnswer("200", planted.answerBody.repeat(500))],
  ["compressed body", toAnswer("200", loadedBody, {}, `content-encoding: ${planted.answerHeader}\r\n`)],
  // Answers.
  ...["400", "401", "403", "404", "407", "409", "418", "422", "429", "500", "503", "302", "303", "304"].map(
    (status) => [`status ${status}`, toAnswer(status)] as const,
  ),
  ["not JSON", toAnswer("200", `<html>${planted.answerBody}`)],
  ["cut JSON", toAnswer("200", loadedBody.slice(0, -1))],
  [
    "not UTF-8",
    toBytes(`HTTP/1.1 200 OK\r\ncontent-length: ${loadedBody.length + 1}\r\n\r\n${loadedBody}`, "end"),
  ],
  ["deep JSON", toAnswer("200", `${"[".repeat(20)}"${planted.answerBody}"${"]".repeat(20)}`)],
  ["parser quotes", toAnswer("200", loadedBody, { parse: throwing(() => new TypeError("unexpected ")) })],
  [
    "parser throws the value",
    toAnswer("200", loadedBody, { parse: throwing(() => ({ secret: planted.answerBody })) }),
  ],
  [
    "parser has issues",
    toAnswer("200", loadedBody, {
      parse: throwing(() =>
        Object.assign(new Error("zod "), {
          issues: [
            {
              code: "custom",
              path: [`${planted.answerField}`.repeat(2), 0],
              message: planted.answerBody,
              input: planted.answerBody,
            },
            { code: planted.answerBody, path: "x", received: planted.answerBody },
          ],
        }),
      ),
    }),
  ],
  // Redirects.
  ["redirect elsewhere", redirect(`http://127.0.0.1:1/?${planted.location}`)],
  [
    "redirect to userinfo",
    redirect(`http://u:${planted.location}@127.0.0.1:1/`, { trustedOrigins: ["http://127.0.0.1:1"] }),
  ],
  ["redirect to nowhere", redirect(`http://[${planted.location}`)],
  ["redirect to a scheme", redirect(`ftp://x/${planted.location}`, { trustedOrigins: ["ftp://x"] })],
  [
    "redirect to a forbidden address",
    redirect(`https://169.254.169.254/${planted.location}`, { trustedOrigins: ["https://169.254.169.254"] }),
  ],
  ["redirects for ever", redirect(`/${planted.location}`)],
  // Afterwards.
  [
    "closed client",
    async (o) => {
      const http = new HttpClient(base);
      http.close();
      await http.post(loadedUrl("http://127.0.0.1:1"), o);
    },
  ],
  [
    "all endpoints down",
    async (o) => {
      const urls = [await closedPort(), await closedPort()].map((port) =>
        loadedUrl(`http://127.0.0.1:${port}`),
      );
      using http = new HttpClient(base);
      await new Endpoints({ urls }).call((url) => http.post(url, o));
    },
  ],
];

describe(`S7: ${Object.keys(planted).length} planted secrets on ${paths.length} error paths`, () => {
  test.each(paths)("%s: none in message, stack, causes, properties or inspection", async (_, run) => {
    for (const request of [loadedRequest, bearerRequest]) {
      const error = await failureOf(run(request));
      expect(leaksOf(error)).toEqual([]);
      expect(error instanceof SignerError || error instanceof TypeError).toBe(true);
      expect(error.message).toMatch(/^[^\n]{10,500}$/);
    }
  });

  test("none in what onExchange was told, nor in the client itself", async () => {
    expect(events.length).toBeGreaterThan(50);
    expect(leaksOf(events)).toEqual([]);
    using http = new HttpClient({
      ...client,
      proxy: { url: `http://u:${planted.proxyPassword}@127.0.0.1:1` },
    });
    await failureOf(http.post("https://pki.example.com", loadedRequest));
    expect(leaksOf(http)).toEqual([]);
  });

  test("the search finds each secret, in every form and place", () => {
    for (const [name, secret] of Object.entries(planted)) {
      const hidden = Object.defineProperty(new Error("x"), "hidden", { value: secret });
      const errors = [
        new Error(`a ${secret} b`),
        new Error("x", { cause: new Error(secret) }),
        Object.assign(new Error("x"), { headers: { deep: [{ secret }] } }),
        Object.assign(new Error("x"), { rawPacket: Buffer.from(secret) }),
        new Error(Buffer.from(secret).toString("base64")),
        hidden,
      ];
      for (const error of errors) expect(leaksOf(error)).toContain(name);
    }
  });
});
