import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { RequestListener } from "node:http";
import type { ServerOptions } from "node:https";
import { beforeAll, describe, expect, test } from "vitest";
import { OpensslFixture } from "../x509/openssl-fixture.ts";
import { HttpClient } from "./http-client.ts";
import type { HttpClientOptions } from "./http-client-options.ts";
import { httpFailureOf, requestWasSent } from "./http-failure.ts";
import { closedPort, failureOf, ServerFixture } from "./server-fixture.ts";
import { type PemPair, TlsFixture } from "./tls-fixture.ts";

const root = TlsFixture.root();
const foreign = TlsFixture.root({ from: -300 });
let server: PemPair;
let client: PemPair;

beforeAll(async () => {
  [server, client] = await Promise.all([root.issue(), root.issue({ ipAddresses: [], dnsNames: ["client"] })]);
});

function selfSigned(): PemPair {
  using openssl = new OpensslFixture();
  openssl.run(
    ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem"],
    ...["-subj", "/CN=self", "-addext", "subjectAltName=IP:127.0.0.1"],
  );
  return { cert: openssl.read("cert.pem"), key: openssl.read("key.pem") };
}

const answer: RequestListener = (_, response) => response.end("{}");

/** `openssl s_server`, which sends an alert where Node's server only closes. */
class OpensslServer implements AsyncDisposable {
  readonly #folder = new OpensslFixture();
  readonly #process: ChildProcess;
  readonly #port: number;

  private constructor(port: number, pair: PemPair, ca: string) {
    this.#port = port;
    this.#folder.write("server.pem", pair.cert + pair.key);
    this.#folder.write("ca.pem", ca);
    this.#process = spawn(
      "openssl",
      [
        ...["s_server", "-accept", `127.0.0.1:${port}`, "-cert", "server.pem", "-CAfile", "ca.pem"],
        ...["-Verify", "2", "-verify_return_error", "-www"],
      ],
      { cwd: this.#folder.folder, stdio: ["ignore", "pipe", "ignore"] },
    );
  }

  static async start(pair: PemPair, ca: string): Promise<OpensslServer> {
    const server = new OpensslServer(await closedPort(), pair, ca);
    for await (const line of server.#process.stdout ?? []) if (String(line).includes("ACCEPT")) break;
    return server;
  }

  get url(): string {
    return `https://127.0.0.1:${this.#port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill();
    await once(this.#process, "exit");
    this.#folder[Symbol.dispose]();
  }
}

/** One GET to a TLS server; how many requests it saw tells what was sent. */
async function attempt(serverOptions: ServerOptions, clientOptions: HttpClientOptions, host = "127.0.0.1") {
  let requests = 0;
  await using fixture = await ServerFixture.https(serverOptions, (request, response) => {
    requests += 1;
    answer(request, response);
  });
  using http = new HttpClient(clientOptions);
  const error = await http.get(fixture.at(host), { bearer: "t" }).then(
    () => undefined,
    (error: Error) => error,
  );
  return { error, requests };
}

describe("HttpClient over TLS", () => {
  test("trusts the issuer's bundle, and keeps the session on one connection", async () => {
    await using fixture = await ServerFixture.https(server, answer);
    using http = new HttpClient({ ca: root.ca });
    for (let call = 0; call < 5; call += 1) expect(await http.get(fixture.url)).toEqual({});
    expect(fixture.accepted).toBe(1);
  });

  test("resumes the TLS session on a new connection", async () => {
    const resumed: boolean[] = [];
    await using fixture = await ServerFixture.https(server, (request, response) => {
      resumed.push((request.socket as unknown as { isSessionReused(): boolean }).isSessionReused());
      response.setHeader("connection", "close").end("{}");
    });
    using http = new HttpClient({ ca: root.ca });
    for (let call = 0; call < 2; call += 1) await http.get(fixture.url);
    expect(resumed).toEqual([false, true]);
  });

  test.each(["TLSv1.2", "TLSv1.3"] as const)(
    "offers nothing newer than %s where told so",
    async (maxVersion) => {
      const spoken: (string | null)[] = [];
      await using fixture = await ServerFixture.https(server, ({ socket }, response) => {
        spoken.push((socket as unknown as { getProtocol(): string | null }).getProtocol());
        response.end("{}");
      });
      using http = new HttpClient({ ca: root.ca, maxVersion });
      await http.get(fixture.url);
      expect(spoken).toEqual([maxVersion]);
    },
  );

  test("trusts an intermediate in the bundle without its root, as Go does", async () => {
    const intermediate = await root.intermediate();
    const { error } = await attempt(await intermediate.issue(), { ca: intermediate.ca });
    expect(error).toBeUndefined();
  });

  test("shows the client certificate to a server that requires one", async () => {
    let seen = "";
    await using fixture = await ServerFixture.https(
      { ...server, ca: root.ca, requestCert: true },
      (request, response) => {
        const socket = request.socket as unknown as { getPeerCertificate(): { subjectaltname: string } };
        seen = socket.getPeerCertificate().subjectaltname;
        response.end("{}");
      },
    );
    using http = new HttpClient({ ca: root.ca, ...client });
    await http.get(fixture.url);
    expect(seen).toBe("DNS:client");
  });

  test("asks for the server name and expects it in the certificate, whatever the URL's host", async () => {
    const named = await root.issue({ dnsNames: ["pki.internal"], ipAddresses: [] });
    let asked: unknown;
    const SNICallback: ServerOptions["SNICallback"] = (name, done) => {
      asked = name;
      done(null);
    };
    const { error } = await attempt({ ...named, SNICallback }, { ca: root.ca, serverName: "pki.internal" });
    expect(error).toBeUndefined();
    expect(asked).toBe("pki.internal");
    expect((await attempt(named, { ca: root.ca })).error?.message).toContain("another name");
    expect((await attempt(named, { ca: root.ca, serverName: "pki2.internal" })).error).toBeDefined();
  });

  type Case = readonly [string, () => ServerOptions | Promise<ServerOptions>, HttpClientOptions, RegExp];
  test.each<Case>([
    [
      "an unknown CA",
      () => server,
      { ca: foreign.ca },
      /not trusted \(UNABLE_TO_GET_ISSUER_CERT_LOCALLY\). Check the CA/,
    ],
    ["the system's roots only", () => server, {}, /not trusted/],
    ["a self-signed certificate", selfSigned, { ca: root.ca }, /not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\)/],
    [
      "another name",
      () => root.issue({ ipAddresses: ["127.0.0.9"] }),
      { ca: root.ca },
      /is for another name/,
    ],
    ["no name", () => root.issue({ ipAddresses: [] }), { ca: root.ca }, /is for another name/],
    ["an expired certificate", () => root.issue({ from: -3, to: -1 }), { ca: root.ca }, /has expired/],
    ["a certificate of tomorrow", () => root.issue({ from: 1, to: 2 }), { ca: root.ca }, /is not valid yet/],
    [
      "TLS 1.1",
      () => ({ ...server, minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" }),
      { ca: root.ca },
      /no TLS 1.2 or newer/,
    ],
    [
      "no common cipher",
      () => ({ ...server, maxVersion: "TLSv1.2", ciphers: "AES128-SHA", minVersion: "TLSv1.2" }),
      { ca: root.ca },
      /refuses the TLS handshake/,
    ],
  ])("sends no request to a server with %s", async (_, options, clientOptions, words) => {
    const serverOptions = await options();
    const { error, requests } = await attempt(serverOptions, clientOptions);
    expect(error).toMatchObject({ code: "ISSUER", failure: "tls", requestSent: false });
    expect(error?.message).toMatch(words);
    expect(requests).toBe(0);
  });

  test.each(["TLSv1.2", "TLSv1.3"] as const)(
    "says that a %s server wants a client certificate",
    async (version) => {
      const strict: ServerOptions = {
        ...server,
        ca: root.ca,
        requestCert: true,
        minVersion: version,
        maxVersion: version,
      };
      const { error, requests } = await attempt(strict, { ca: root.ca });
      expect(error).toMatchObject({ code: "ISSUER", failure: "tls", requestSent: false });
      expect(error?.message).toMatch(/the server refuses .* client certificate/);
      expect(requests).toBe(0);
    },
  );

  test("says that the server refuses the client certificate", async () => {
    await using strict = await OpensslServer.start(server, root.ca);
    using http = new HttpClient({ ca: root.ca, ...(await foreign.issue()) });
    const error = await failureOf(http.post(strict.url));
    expect(error).toMatchObject({ code: "ISSUER", failure: "tls", requestSent: false });
    expect(error.message).toContain("the server refuses the client certificate");
  });

  test("says that the port does not speak TLS", async () => {
    await using plain = await ServerFixture.http(answer);
    using http = new HttpClient();
    const error = await failureOf(http.get(plain.url.replace("http:", "https:")));
    expect(error).toMatchObject({ code: "ISSUER", failure: "tls" });
    expect(error.message).toContain("does not speak TLS");
  });

  test.each([
    ["closes", (socket: { destroy(): void }) => socket.destroy()],
    ["resets", (socket: { resetAndDestroy(): void }) => socket.resetAndDestroy()],
  ])("is retryable and unsent when the server %s the connection in the handshake", async (_, end) => {
    await using broken = await ServerFixture.raw(
      (socket) => void socket.once("data", () => end(socket)),
      "https",
    );
    using http = new HttpClient();
    const error = await failureOf(http.post(broken.url));
    expect(error).toMatchObject({ code: "RETRYABLE" });
    expect(httpFailureOf(error)).toBe("tls");
    expect(requestWasSent(error)).toBe(false);
  });

  test("counts the TLS handshake into the connect deadline, and leaves no socket", async () => {
    await using silent = await ServerFixture.raw((socket) => void socket.resume(), "https");
    using http = new HttpClient({ connectTimeoutMs: 60 });
    const error = await failureOf(http.get(silent.url));
    expect(error).toMatchObject({ code: "RETRYABLE", failure: "connect-timeout", requestSent: false });
    expect(error.message).toContain("no connection within 0.06 s");
    await expect.poll(() => silent.sockets.size).toBe(0);
  });
});
