import { once } from "node:events";
import { Agent, type RequestOptions, request as requestHttps } from "node:https";
import { connect as connectTls } from "node:tls";
import { beforeAll, describe, expect, test } from "vitest";
import { type FakeCa, fakeCa } from "../fake-ca-fixture.ts";
import { anyOf } from "./any-of.ts";
import { type BearerTokensOptions, bearerTokens, type TokenReviewStatus } from "./bearer-tokens.ts";
import { clientCertificates } from "./client-certificates.ts";
import { newCsr, startService } from "./sign-server-fixture.ts";

/** Nothing is claimed of the time: a loaded machine takes it. */
const patience = { timeout: 10_000 };

let serverCa: FakeCa;
let clientCa: FakeCa;
let server: { readonly cert: string; readonly key: string };

beforeAll(async () => {
  serverCa = await fakeCa("Servers");
  clientCa = await fakeCa("Clients");
  server = await serverCa.issue("server");
});

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** One call with a client certificate or none, on a connection of its own unless there is an agent. */
function call(url: string, body: string | undefined, options: RequestOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = requestHttps(`${url}/sign`, {
      method: "POST",
      ca: serverCa.root.pem,
      agent: false,
      ...options,
      headers: { "content-type": "application/json", ...options.headers },
    });
    request.on("error", reject).on("response", async (response) => {
      let text = "";
      for await (const chunk of response.setEncoding("utf8")) text += chunk;
      resolve({ status: response.statusCode ?? 0, text, headers: response.headers });
    });
    request.end(body);
  });
}

const body = async () => JSON.stringify({ csr: await newCsr() });

describe("client certificates", () => {
  const start = (options: Parameters<typeof clientCertificates>[0]) =>
    startService({
      tls: { ...server, clientCa: clientCa.root.pem },
      authenticate: anyOf([clientCertificates(options)], "Show a client certificate."),
    });

  test.each<[string, Parameters<typeof clientCertificates>[0], string]>([
    ["its subject", { subjects: ["CN=issuer"] }, "CN=issuer"],
    ["a DNS name", { dnsNames: ["issuer.example.com"] }, "issuer.example.com"],
    ["a URI", { uris: ["spiffe://example.com/issuer"] }, "spiffe://example.com/issuer"],
    ["its CA", { anyone: true }, "CN=issuer"],
  ])("is known by %s", async (_, options, username) => {
    await using service = await start(options);
    const names = { dnsNames: ["issuer.example.com"], uris: ["spiffe://example.com/issuer"] };
    const client = await clientCa.issue("issuer", names);
    expect((await call(service.url, await body(), client)).status).toBe(200);
    expect(service.signed[0]?.request.requester.username).toBe(username);
    expect(service.decisions[0]).toMatchObject({ caller: username, method: "certificate" });
  });

  test("none, one of another CA, an expired one, one for servers and a stranger's: in words, and nothing is signed", async () => {
    await using service = await start({ subjects: ["CN=issuer"] });
    const cases: [RequestOptions, number, string][] = [
      [{}, 401, "Show a client certificate."],
      [await serverCa.issue("issuer"), 401, "not of a CA that is trusted"],
      [await clientCa.issue("issuer", { from: -3, to: -1 }), 401, "not valid"],
      [await clientCa.issue("issuer", { from: 1, to: 2 }), 401, "not valid"],
      [await clientCa.issue("issuer", { usages: ["digital signature", "server auth"] }), 401, "not valid"],
      [await clientCa.issue("stranger"), 403, "may not use this service"],
    ];
    for (const [options, status, words] of cases) {
      const answer = await call(service.url, await body(), options);
      expect([answer.status, answer.text]).toEqual([status, expect.stringContaining(words)]);
    }
    expect(service.signed).toEqual([]);
    expect(service.decisions.map(({ decision }) => decision)).toEqual(cases.map(() => "denied"));
    expect((await call(service.url, await body(), await clientCa.issue("issuer"))).status).toBe(200);
  });

  test("keeps its idempotency keys when it is rotated", async () => {
    await using service = await start({ subjects: ["CN=issuer"] });
    const text = await body();
    const headers = { "idempotency-key": "1" };
    const [first, second] = [await clientCa.issue("issuer"), await clientCa.issue("issuer")];
    const one = await call(service.url, text, { ...first, headers });
    const two = await call(service.url, text, { ...second, headers });
    expect(one.text).toBe(two.text);
    expect(service.signed).toHaveLength(1);
  });

  test("rotated certificates of the server, and other CAs for clients, hold from the next connection on", async () => {
    await using service = await start({ subjects: ["CN=issuer"] });
    const client = await clientCa.issue("issuer");
    const newServerCa = await fakeCa("New servers");
    const newClientCa = await fakeCa("New clients");
    const newClient = await newClientCa.issue("issuer");
    expect((await call(service.url, await body(), client)).status).toBe(200);
    expect((await call(service.url, await body(), newClient)).status).toBe(401);
    service.server.replaceTls({ ...(await newServerCa.issue("server")), clientCa: newClientCa.root.pem });
    await expect(call(service.url, await body(), client)).rejects.toThrow("certificate");
    const ca = newServerCa.root.pem;
    expect((await call(service.url, await body(), { ...client, ca })).status).toBe(401);
    expect((await call(service.url, await body(), { ...newClient, ca })).status).toBe(200);
  });

  test("a kept connection ends with the answer that it waits for, and an idle one at once", async () => {
    const agents = [1, 2].map(() => new Agent({ keepAlive: true, maxSockets: 1 }));
    const { promise: go, resolve } = Promise.withResolvers<void>();
    let calls = 0;
    await using service = await startService({
      tls: { ...server, clientCa: clientCa.root.pem },
      authenticate: async (request, signal) => {
        calls += 1;
        if (calls === 3) await go;
        return clientCertificates({ subjects: ["CN=issuer"] })(request, signal);
      },
    });
    const client = await clientCa.issue("issuer");
    const post = async (agent: Agent | undefined) => {
      const answer = await call(service.url, await body(), { ...client, agent });
      return { status: answer.status, connection: answer.headers.connection };
    };
    for (const agent of agents) {
      expect(await post(agent)).toEqual({ status: 200, connection: "keep-alive" });
    }
    const waiting = post(agents[0]);
    await expect.poll(() => calls, patience).toBe(3);
    const sockets = () => agents.flatMap(({ freeSockets }) => Object.values(freeSockets).flat());
    expect(sockets()).toHaveLength(1);
    service.server.replaceTls({ ...server, clientCa: (await fakeCa("New")).root.pem });
    await expect.poll(() => sockets().length, patience).toBe(0);
    resolve();
    expect(await waiting).toEqual({ status: 200, connection: "close" });
    expect((await post(agents[0])).status).toBe(401);
    for (const agent of agents) agent.destroy();
  });

  test.each(["TLSv1.2", "TLSv1.3"] as const)(
    "a session of %s from before the CAs of clients were changed opens nothing",
    async (maxVersion) => {
      await using service = await start({ subjects: ["CN=issuer"] });
      const client = await clientCa.issue("issuer");
      const port = Number(new URL(service.url).port);
      const exchange = async (session?: Buffer) => {
        const options = { ...client, host: "127.0.0.1", port, ca: serverCa.root.pem, maxVersion };
        const socket = connectTls({ ...options, ...(session && { session }) });
        let next: Buffer | undefined;
        let answer = "";
        let isReused = false;
        socket.on("secureConnect", () => {
          isReused = socket.isSessionReused();
        });
        socket.on("session", (given) => {
          next = given;
        });
        socket.setEncoding("utf8").on("data", (text) => {
          answer += text;
        });
        const text = await body();
        const head = `POST /sign HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nconnection: close\r\n`;
        socket.write(`${head}content-length: ${text.length}\r\n\r\n${text}`);
        await once(socket, "close");
        return { next, status: answer.split(" ")[1], isReused };
      };
      const first = await exchange();
      expect(first.status).toBe("200");
      expect(first.next).toBeDefined();
      const again = await exchange(first.next);
      expect(again).toMatchObject({ status: "200", isReused: true });
      const clientCaPem = (await fakeCa("New clients")).root.pem;
      service.server.replaceTls({ ...server, clientCa: clientCaPem });
      expect(await exchange(again.next ?? first.next)).toMatchObject({ status: "401", isReused: false });
    },
  );

  test("nobody named is an error of whoever configures it", () => {
    expect(() => clientCertificates({})).toThrow("`anyone`");
  });
});

describe("bearer tokens", () => {
  const account = "system:serviceaccount:cert-manager:webhook-issuer";
  const good: TokenReviewStatus = {
    authenticated: true,
    user: { username: account, uid: "7", groups: ["system:serviceaccounts:cert-manager"] },
    audiences: ["sign.example.com"],
  };

  async function start(
    review: (token: string) => TokenReviewStatus | Promise<TokenReviewStatus>,
    options: Partial<BearerTokensOptions> = {},
  ) {
    const reviewed: string[] = [];
    const tokens = bearerTokens({
      audiences: ["sign.example.com"],
      usernames: [account],
      review: async (token) => {
        reviewed.push(token);
        return review(token);
      },
      ...options,
    });
    return { reviewed, service: await startService({ authenticate: anyOf([tokens], "Send a token.") }) };
  }

  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

  test("a reviewed token of a named account signs, and is reviewed once for a while", async () => {
    const { service, reviewed } = await start(() => good);
    await using _ = service;
    for (let at = 0; at < 3; at += 1)
      expect((await service.post(await body(), bearer("abc.def"))).status).toBe(200);
    expect(reviewed).toEqual(["abc.def"]);
    expect(service.signed[0]?.request).toMatchObject({
      namespace: "cert-manager",
      requester: { username: account, uid: "7", groups: ["system:serviceaccounts:cert-manager"] },
    });
    expect(JSON.stringify(service.decisions)).not.toContain("abc.def");
  });

  test("a group is enough", async () => {
    const groups = ["system:serviceaccounts:cert-manager"];
    const { service } = await start(() => good, { usernames: [], groups });
    await using _ = service;
    expect((await service.post(await body(), bearer("t"))).status).toBe(200);
  });

  test.each<[string, TokenReviewStatus, number]>([
    ["not authenticated", { authenticated: false }, 401],
    ["empty", {}, 401],
    ["without a user", { ...good, user: {} }, 401],
    ["of an API server that knows no audiences", { ...good, audiences: undefined }, 401],
    ["of another audience", { ...good, audiences: ["other"] }, 401],
    ["of somebody else", { ...good, user: { username: "system:serviceaccount:x:y" } }, 403],
  ])("a review that is %s lets nobody in", async (_, status, code) => {
    const { service } = await start(() => status);
    await using __ = service;
    const reply = await service.post(await body(), bearer("t"));
    expect(reply.status).toBe(code);
    if (code === 401) expect(reply.headers.get("www-authenticate")).toBe('Bearer error="invalid_token"');
    expect(service.signed).toEqual([]);
  });

  test.each([
    ["another scheme", "Basic YTpi"],
    ["no token", "Bearer"],
    ["two tokens", "Bearer a b"],
    ["other letters", "Bearer ä"],
    ["more than an API server issues", `Bearer ${"a".repeat(16_385)}`],
  ])("%s is not sent to the API server", async (_, authorization) => {
    const { service, reviewed } = await start(() => good);
    await using __ = service;
    const reply = await service.post(await body(), {
      authorization: Buffer.from(authorization).toString("latin1"),
    });
    expect(reply.status).toBe(401);
    expect(reviewed).toEqual([]);
  });

  test("an API server that does not answer is a 503 to come back from, and nothing is remembered of it", async () => {
    let calls = 0;
    const troubles: unknown[] = [];
    const onTrouble = (error: unknown) => troubles.push(error);
    const { service } = await start(
      () => {
        calls += 1;
        if (calls === 1) throw new Error("connection refused by 10.0.0.1");
        return good;
      },
      { onTrouble },
    );
    await using _ = service;
    const reply = await service.post(await body(), bearer("t"));
    expect(reply).toMatchObject({ status: 503, json: { error: { code: "authentication_unavailable" } } });
    expect(reply.headers.get("retry-after")).toBe("5");
    expect(JSON.stringify(reply.json)).not.toContain("10.0.0.1");
    expect(troubles).toHaveLength(1);
    expect((await service.post(await body(), bearer("t"))).status).toBe(200);
  });

  test("nobody, and no audience, are errors of whoever configures it", () => {
    const review = async () => good;
    expect(() => bearerTokens({ review, audiences: [], usernames: ["a"] })).toThrow("`audiences`");
    expect(() => bearerTokens({ review, audiences: ["a"] })).toThrow("`usernames` or `groups`");
  });
});

test("a bad token is not made good by a certificate beside it", async () => {
  const tokens = bearerTokens({ audiences: ["a"], usernames: ["b"], review: async () => ({}) });
  const certificates = clientCertificates({ subjects: ["CN=issuer"] });
  await using service = await startService({
    tls: { ...server, clientCa: clientCa.root.pem },
    authenticate: anyOf([tokens, certificates], ""),
  });
  const client = await clientCa.issue("issuer");
  expect((await call(service.url, await body(), client)).status).toBe(200);
  const headers = { authorization: "Bearer x" };
  expect((await call(service.url, await body(), { ...client, headers })).status).toBe(401);
});
