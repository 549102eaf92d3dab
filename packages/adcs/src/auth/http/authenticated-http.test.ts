import type { RequestListener } from "node:http";
import { httpFailureOf, IssuerError, RetryableError, signerErrorCode } from "@countersign/issuer-signer";
import { expect, test } from "vitest";
import { avIds, writeAvPairs } from "../ntlm/av-pairs.ts";
import { serveAuthenticated } from "./authenticated-http-fixture.ts";
import { BasicLogin } from "./basic-login.ts";
import { NtlmLogin } from "./ntlm-login.ts";

const basic = () => new BasicLogin({ username: "CORP\\svc", password: "s3cret-basic" });
const ntlm = () =>
  new NtlmLogin({ domain: "CORP", username: "svc", password: "s3cret-ntlm" }, { now: Date.now });

/** A challenge that leads to an authenticate message. */
function challenge(): string {
  const info = writeAvPairs([{ id: avIds.timestamp, value: Buffer.alloc(8, 1) }]);
  const message = Buffer.alloc(48);
  message.write("NTLMSSP\0", "latin1");
  message.writeUInt32LE(2, 8);
  message.writeUInt32LE(0x0080_0001, 20);
  message.writeUInt16LE(info.length, 40);
  message.writeUInt32LE(48, 44);
  return Buffer.concat([message, info]).toString("base64");
}

/** Counts what it is sent, and lets every authenticate message in; it forgets the connection after `lasts` requests. */
function ntlmServer({ lasts = Number.POSITIVE_INFINITY } = {}) {
  const legs: string[] = [];
  const left = new WeakMap<object, number>();
  const listener: RequestListener = (request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      const token = Buffer.from((request.headers.authorization ?? "").replace(/^\w+ ?/, ""), "base64");
      const type = token.length === 0 ? 0 : token.readUInt32LE(8);
      legs.push(`${type}:${body}`);
      if (type === 1) response.writeHead(401, { "www-authenticate": `NTLM ${challenge()}` }).end("<html>");
      else if (type === 3) {
        left.set(request.socket, lasts);
        response.end("in");
      } else if ((left.get(request.socket) ?? 0) > 0) {
        left.set(request.socket, (left.get(request.socket) ?? 0) - 1);
        response.end("still in");
      } else response.writeHead(401, { "www-authenticate": ["Negotiate", "NTLM"] }).end();
    });
  };
  return { legs, listener };
}

test("sends the body with the last leg of NTLM only", async () => {
  const { legs, listener } = ntlmServer();
  await using served = await serveAuthenticated(listener, ntlm());
  const answer = await served.http.request("POST", `${served.url}/certfnsh.asp`, { body: "csr" });
  expect([String(answer.body), legs]).toEqual(["in", ["1:", "3:csr"]]);
  expect(served.accepted).toBe(1);
});

test("reads on the connection that is authenticated, and changes on one that is new", async () => {
  const { legs, listener } = ntlmServer();
  await using served = await serveAuthenticated(listener, ntlm());
  await served.http.request("POST", served.url, { body: "a" });
  await served.http.request("GET", served.url);
  expect([legs, served.accepted]).toEqual([["1:", "3:a", "0:"], 1]);
  await served.http.request("POST", served.url, { body: "b" });
  expect([legs.slice(3), served.accepted]).toEqual([["1:", "3:b"], 2]);
});

test("logs in again where the server forgets the connection", async () => {
  const { legs, listener } = ntlmServer({ lasts: 1 });
  await using served = await serveAuthenticated(listener, ntlm());
  for (const expected of ["in", "still in", "in"])
    expect(String((await served.http.request("GET", served.url)).body)).toBe(expected);
  expect(legs).toEqual(["1:", "3:", "0:", "0:", "1:", "3:"]);
});

test("requests wait for each other, and an abort leaves the queue at once", async () => {
  const { legs, listener } = ntlmServer();
  await using served = await serveAuthenticated(listener, ntlm());
  const reason = new Error("enough");
  const abort = new AbortController();
  const calls = ["a", "b"].map((body) => served.http.request("POST", served.url, { body }));
  const waiting = served.http.request("POST", served.url, { body: "c", signal: abort.signal });
  abort.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  await Promise.all(calls);
  expect(legs).toEqual(["1:", "3:a", "1:", "3:b"]);
});

test.each([301, 302, 303, 307, 308])(
  "refuses a redirect (%i), with the credentials at home",
  async (status) => {
    const elsewhere: string[] = [];
    await using other = await serveAuthenticated((request, response) => {
      elsewhere.push(request.url ?? "");
      response.end();
    }, basic());
    const location = `${other.url}/stolen`;
    await using served = await serveAuthenticated(
      (_, response) => response.writeHead(status, { location }).end(),
      basic(),
    );
    const failure = served.http.request("GET", served.url);
    await expect(failure).rejects.toThrow(/redirects are refused/);
    await expect(failure).rejects.toThrow(IssuerError);
    expect(elsewhere).toEqual([]);
    const posted = served.http.request("POST", served.url, { body: "csr" });
    // 303 answers a request that was carried out: the CA may have issued.
    await expect(posted).rejects.toThrow(status === 303 ? RetryableError : IssuerError);
  },
);

test("shows a refused password once, and again when the issuer has changed", async () => {
  let shown = 0;
  await using served = await serveAuthenticated((request, response) => {
    if (request.headers.authorization !== undefined) shown += 1;
    response.writeHead(401, { "www-authenticate": 'Basic realm="pki"' }).end();
  }, basic());
  for (let call = 0; call < 4; call += 1) {
    const refused = await served.http.request("GET", served.url).catch((error: Error) => error);
    expect(String(refused)).toMatch(/refuses basic authentication as CORP\\svc \(401\): .* It offers Basic/);
    expect(String(refused)).not.toContain("s3cret");
    expect(String(refused).length).toBeLessThan(1024);
  }
  expect(shown).toBe(1);
  served.guard.forget("uid");
  await expect(served.http.request("GET", served.url)).rejects.toThrow(IssuerError);
  expect(shown).toBe(2);
});

test("Basic is UTF-8 and goes with each request", async () => {
  const seen: (string | undefined)[] = [];
  const login = new BasicLogin({ username: "jürgen@corp.test", password: "a:b" });
  await using served = await serveAuthenticated((request, response) => {
    seen.push(request.headers.authorization);
    response.end();
  }, login);
  await served.http.request("GET", served.url);
  await served.http.request("GET", served.url);
  const expected = `Basic ${Buffer.from("jürgen@corp.test:a:b").toString("base64")}`;
  expect([seen, served.accepted]).toEqual([[expected, expected], 1]);
});

test("a page that wants no login is an error, and gets neither body nor password", async () => {
  const bodies: string[] = [];
  await using served = await serveAuthenticated((request, response) => {
    request.on("data", (chunk) => bodies.push(String(chunk)));
    request.on("end", () => response.end("welcome"));
  }, ntlm());
  await expect(served.http.request("POST", served.url, { body: "csr" })).rejects.toThrow(
    /answered 200 where a login was expected/,
  );
  expect(bodies).toEqual([]);
});

test("a hostile challenge is one clear error", async () => {
  await using served = await serveAuthenticated(
    (_, response) => response.writeHead(401, { "www-authenticate": `NTLM ${"A".repeat(9_000)}` }).end(),
    ntlm(),
  );
  await expect(served.http.request("GET", served.url)).rejects.toThrow(/NTLM challenge is malformed/);
});

test("other statuses are the caller's to judge; a broken connection is retryable", async () => {
  await using served = await serveAuthenticated(
    (request, response) =>
      request.url === "/breaks" ? request.socket.destroy() : response.writeHead(503).end("busy"),
    basic(),
    { maxBodyBytes: 100 },
  );
  expect((await served.http.request("GET", `${served.url}/`)).status).toBe(503);
  const failure = await served.http
    .request("POST", `${served.url}/breaks`, { body: "x" })
    .catch((e: unknown) => e);
  expect([signerErrorCode(failure), httpFailureOf(failure)]).toEqual(["RETRYABLE", "reset"]);
});
