import { X509Certificate } from "node:crypto";
import {
  buildCsr,
  IssuerError,
  newPrivateKey,
  RequestRejected,
  RetryableError,
  type Signer,
} from "@countersign/issuer-signer";
import { signRequestFor } from "@countersign/issuer-signer/testing";
import { describe, expect, test } from "vitest";
import { newCsr, rawExchange, type ServiceFixture, startService } from "./sign-server-fixture.ts";

/** Nothing is claimed of the time: a loaded machine takes it. */
const patience = { timeout: 10_000 };

const json = "application/json";

/** The service still signs. */
async function expectAlive(service: ServiceFixture) {
  expect((await service.post({ csr: await newCsr() })).status).toBe(200);
}

describe("POST /sign", () => {
  test("answers the leaf with its intermediates, and the root as ca", async () => {
    await using service = await startService();
    const { status, headers, json: body } = await service.post({ csr: await newCsr() });
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(["certificate", "ca"]);
    expect(body.certificate?.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    expect(body.ca).toBe(service.ca.root.pem);
    const leaf = new X509Certificate(body.certificate ?? "");
    expect(leaf.verify(new X509Certificate(service.ca.intermediate.pem).publicKey)).toBe(true);
    expect(Object.fromEntries(headers)).toMatchObject({
      "content-type": json,
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "x-request-id": expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  test("takes the CSR as base64 of DER, base64 of PEM, either in lines, and as PEM", async () => {
    await using service = await startService();
    const { csr: pem, parsedCsr } = await signRequestFor();
    const der = Buffer.from(parsedCsr.der).toString("base64");
    const inLines = (text: string) => text.replace(/(.{64})/g, "$1\n");
    for (const csr of [der, inLines(der), btoa(pem), inLines(btoa(pem)), pem, pem.replaceAll("\n", "\r\n")])
      expect((await service.post({ csr })).status).toBe(200);
    expect(service.signed[0]?.request.parsedCsr.spkiDer).toEqual(parsedCsr.spkiDer);
  });

  test("asks for what the body says, else for what the CSR says and the default lifetime", async () => {
    await using service = await startService({ durationSeconds: 7200 });
    await service.post({ csr: await newCsr() });
    await service.post({ csr: await newCsr(), durationSeconds: 3600, usages: ["client auth"] });
    const key = newPrivateKey({ name: "EC", curve: "P-256" });
    await service.post({ csr: await buildCsr({ key, dnsNames: ["a.example.com"] }) });
    expect(
      service.signed.map(({ request }) => [request.durationSeconds, request.usages, request.isCA]),
    ).toEqual([
      [7200, ["digital signature", "key encipherment"], false],
      [3600, ["client auth"], false],
      [7200, ["digital signature", "key encipherment"], false],
    ]);
  });

  test.each<[string, (csr: string) => unknown, number, string, string]>([
    ["no JSON", () => "{", 400, "malformed_request", "not JSON"],
    ["a list", () => [], 400, "malformed_request", "not a JSON object"],
    ["JSON that is too deep", () => "[".repeat(9) + "]".repeat(9), 400, "malformed_request", "deeper"],
    ["no csr", () => ({}), 400, "malformed_request", "no csr"],
    ["a csr that is no text", () => ({ csr: 7 }), 400, "malformed_request", "no csr"],
    ["a field nobody knows", (csr) => ({ csr, profile: "x" }), 400, "malformed_request", "unknown"],
    ["bad base64", () => ({ csr: "%%%" }), 400, "invalid_csr", "base64"],
    ["base64 that is cut", (csr) => ({ csr: csr.slice(0, -8) }), 400, "invalid_csr", "refused"],
    ["URL-safe base64", () => ({ csr: "MIIB-_8" }), 400, "invalid_csr", "base64"],
    ["base64 of words", () => ({ csr: btoa("hello") }), 400, "invalid_csr", "refused"],
    [
      "a certificate",
      () => ({ csr: "-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n" }),
      400,
      "invalid_csr",
      "refused",
    ],
    [
      "a lifetime of a second",
      (csr) => ({ csr, durationSeconds: 1 }),
      400,
      "malformed_request",
      "durationSeconds",
    ],
    [
      "a lifetime in words",
      (csr) => ({ csr, durationSeconds: "1h" }),
      400,
      "malformed_request",
      "durationSeconds",
    ],
    [
      "a usage nobody knows",
      (csr) => ({ csr, usages: ["world domination"] }),
      400,
      "malformed_request",
      "usage",
    ],
    ["no usages", (csr) => ({ csr, usages: [] }), 400, "malformed_request", "usages"],
    ["isCA in words", (csr) => ({ csr, isCA: "no" }), 400, "malformed_request", "isCA"],
    ["a CA certificate", (csr) => ({ csr, isCA: true }), 422, "rejected", "CA certificate"],
  ])("refuses %s in words, and stays alive", async (_, bodyOf, status, code, words) => {
    await using service = await startService();
    const reply = await service.post(bodyOf(await newCsr()));
    expect(reply).toMatchObject({
      status,
      json: { error: { code, message: expect.stringContaining(words) } },
    });
    expect(service.signed).toEqual([]);
    expect(service.decisions).toMatchObject([{ decision: "refused", status, code }]);
    await expectAlive(service);
  });

  test.each([
    ["text/plain", "identity"],
    ["application/x-www-form-urlencoded", "identity"],
    ["application/json; charset=latin1", "identity"],
    [json, "gzip"],
  ])("wants JSON in the clear, not %s with %s", async (type, encoding) => {
    await using service = await startService();
    const headers = { "content-type": type, "content-encoding": encoding };
    const reply = await service.post({ csr: await newCsr() }, headers);
    expect(reply).toMatchObject({ status: 415, json: { error: { code: "unsupported_media_type" } } });
    await expectAlive(service);
  });

  test("takes a charset that says UTF-8", async () => {
    await using service = await startService();
    const headers = { "content-type": 'Application/JSON; charset="UTF-8"' };
    expect((await service.post({ csr: await newCsr() }, headers)).status).toBe(200);
  });
});

describe("paths and methods", () => {
  test.each([
    ["GET", "/sign", 405, "POST"],
    ["PUT", "/sign", 405, "POST"],
    ["DELETE", "/sign?x=1", 405, "POST"],
    ["POST", "/health", 405, "GET, HEAD"],
    ["GET", "/", 404, null],
    ["POST", "/sign/", 404, null],
    ["GET", "/sign/../health", 200, null],
    ["GET", `/sign/${"0".repeat(36)}`, 404, null],
  ])("%s %s is %i", async (method, path, status, allow) => {
    await using service = await startService();
    const response = await fetch(service.url + path, { method });
    expect(response.status).toBe(status);
    expect(response.headers.get("allow")).toBe(allow);
    await expectAlive(service);
  });

  test("who is not let in learns of no method, and the signer is not called", async () => {
    await using service = await startService({ authenticate: async () => undefined });
    for (const method of ["GET", "POST"]) {
      const response = await fetch(`${service.url}/sign`, { method });
      expect(response.status).toBe(401);
    }
    expect(service.signed).toEqual([]);
    expect(service.decisions).toMatchObject([{ decision: "denied" }, { decision: "denied" }]);
  });

  test("a request id is kept if it is one, and in the audit line", async () => {
    await using service = await startService();
    const kept = await service.post({ csr: await newCsr() }, { "x-request-id": "trace-1.a" });
    expect(kept.headers.get("x-request-id")).toBe("trace-1.a");
    const made = await service.post({ csr: await newCsr() }, { "x-request-id": 'a b"c' });
    expect(made.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
    expect(service.decisions[0]).toMatchObject({ requestId: "trace-1.a" });
  });

  test("GET /health is the signer's check, once for a while", async () => {
    let checks = 0;
    const check = async () => {
      checks += 1;
      if (checks === 2) throw new IssuerError("The role lacks a rule.");
    };
    await using service = await startService({ signer: { check }, limits: { checkForMs: 50 } });
    const all = await Promise.all([1, 2, 3].map(() => service.get("/health")));
    expect(all.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(checks).toBe(1);
    await expect
      .poll(() => service.get("/health"), patience)
      .toMatchObject({
        status: 502,
        json: { error: { code: "issuer_error", message: "The role lacks a rule." } },
      });
    expect(service.decisions).toEqual([]);
  });
});

describe("a body that is too large or too slow", () => {
  test("1 MiB is a clear 413, announced or in chunks, and the service lives", async () => {
    await using service = await startService();
    const large = JSON.stringify({ csr: "A".repeat(1024 * 1024) });
    const announced = await service.post(large);
    expect(announced).toMatchObject({ status: 413, json: { error: { code: "body_too_large" } } });
    const stream = new Blob([large]).stream();
    const chunked = await fetch(`${service.url}/sign`, {
      method: "POST",
      headers: { "content-type": json },
      body: stream,
      duplex: "half",
    } as RequestInit);
    expect(chunked.status).toBe(413);
    await expectAlive(service);
  });

  test("what announces more than is ever thrown away is told so before it is sent", async () => {
    await using service = await startService();
    const head = `POST /sign HTTP/1.1\r\nhost: x\r\ncontent-type: ${json}\r\ncontent-length: 99999999999\r\n\r\n`;
    expect(await rawExchange(service.server.port, head)).toMatch(/^HTTP\/1\.1 413 [\s\S]*body_too_large/);
    await expectAlive(service);
  });

  test("what asks before it sends is not told to go on", async () => {
    await using service = await startService();
    const head = (length: number, type = json) =>
      `POST /sign HTTP/1.1\r\nhost: x\r\ncontent-type: ${type}\r\ncontent-length: ${length}\r\nexpect: 100-continue\r\n`;
    const large = await rawExchange(service.server.port, `${head(1_000_000)}\r\n`);
    expect(large).toMatch(/^HTTP\/1\.1 413 /);
    expect(await rawExchange(service.server.port, `${head(10, "text/plain")}\r\n`)).toMatch(
      /^HTTP\/1\.1 415 /,
    );
    const body = JSON.stringify({ csr: await newCsr() });
    const text = `${head(body.length)}connection: close\r\n\r\n${body}`;
    expect(await rawExchange(service.server.port, text)).toMatch(
      /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /,
    );
  });

  test("a body that drips is a 408", async () => {
    await using service = await startService({ limits: { bodyTimeoutMs: 100 } });
    const head = `POST /sign HTTP/1.1\r\nhost: x\r\ncontent-type: ${json}\r\ncontent-length: 100\r\n\r\n{`;
    const started = performance.now();
    expect(await rawExchange(service.server.port, head)).toMatch(/^HTTP\/1\.1 408 [\s\S]*body_timeout/);
    expect(performance.now() - started).toBeLessThan(8_000);
    expect(service.decisions).toMatchObject([{ decision: "refused", status: 408 }]);
    await expectAlive(service);
  });

  test("headers that drip are a 408, from a hundred at once, and others are served meanwhile", async () => {
    await using service = await startService({ headersTimeoutMs: 500 });
    const dripping = Array.from({ length: 100 }, () =>
      rawExchange(service.server.port, "POST /sign HTTP/1.1\r\nhost: x\r\nx-"),
    );
    await expectAlive(service);
    for (const answer of await Promise.all(dripping))
      expect(answer).toMatch(/^HTTP\/1\.1 408 [\s\S]*body_timeout/);
    await expectAlive(service);
  });

  test.each([
    ["no HTTP", "hello\r\n\r\n", 400],
    ["two lengths", `POST /sign HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n`, 400],
    [
      "a length and chunks",
      "POST /sign HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
      400,
    ],
    ["headers of 64 KiB", `GET /sign HTTP/1.1\r\nhost: x\r\nx-a: ${"a".repeat(65_536)}\r\n\r\n`, 431],
  ])("%s is refused", async (_, text, status) => {
    await using service = await startService();
    expect(await rawExchange(service.server.port, text)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    await expectAlive(service);
  });
});

describe("what the signer says", () => {
  const failing = (error: unknown): Partial<Signer<unknown>> => ({ sign: () => Promise.reject(error) });

  test.each<[string, unknown, number, string, string | null, boolean | undefined]>([
    [
      "a refusal",
      new RequestRejected("The profile wants an organisation."),
      422,
      "rejected",
      null,
      undefined,
    ],
    ["its own trouble", new IssuerError("The CA is offline."), 502, "issuer_error", null, true],
    [
      "a PKI that is down",
      new RetryableError("No connection.", { issuedNothing: true }),
      503,
      "pki_unavailable",
      "10",
      true,
    ],
    ["a lost answer", new RetryableError("Connection reset."), 503, "pki_unavailable", "10", undefined],
    [
      "a limit",
      new RetryableError("Slow down.", { retryAfterMs: 2_500 }),
      503,
      "pki_unavailable",
      "3",
      undefined,
    ],
    [
      "an error around one of the set",
      new Error("outer", { cause: new RequestRejected("The profile wants an organisation.") }),
      422,
      "rejected",
      null,
      undefined,
    ],
  ])(
    "%s: its words, the status, and when to try again",
    async (_, error, status, code, retry, issuedNothing) => {
      await using service = await startService({ signer: failing(error) });
      const reply = await service.post({ csr: await newCsr() });
      const message = code === "rejected" ? "The profile wants an organisation." : (error as Error).message;
      expect(reply).toMatchObject({ status, json: { error: { code, message } } });
      expect(reply.json.error?.issuedNothing).toBe(issuedNothing);
      expect(reply.headers.get("retry-after")).toBe(retry);
    },
  );

  test("a defect is a 500 without its words, which the log has", async () => {
    await using service = await startService({ signer: failing(new TypeError("secret detail")) });
    const reply = await service.post({ csr: await newCsr() });
    expect(reply).toMatchObject({ status: 500, json: { error: { code: "internal_error" } } });
    expect(JSON.stringify(reply.json)).not.toContain("secret");
    expect(String(service.troubles[0])).toContain("secret detail");
  });

  test("a certificate for another key never leaves", async () => {
    const other = await startService();
    const { json: wrong } = await other.post({ csr: await newCsr() });
    await other[Symbol.asyncDispose]();
    const chain = `${wrong.certificate}${wrong.ca}`;
    await using service = await startService({ signer: { sign: async () => ({ status: "issued", chain }) } });
    const reply = await service.post({ csr: await newCsr() });
    expect(reply).toMatchObject({ status: 502, json: { error: { code: "bad_certificate" } } });
    expect(JSON.stringify(reply.json)).not.toContain("BEGIN");
  });

  test("a PKI that hangs is a 504, and the audit line says so", async () => {
    const sign: Signer<unknown>["sign"] = (_, { signal }) =>
      new Promise((__, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    await using service = await startService({ signer: { sign }, limits: { signTimeoutMs: 50 } });
    const reply = await service.post({ csr: await newCsr() });
    expect(reply).toMatchObject({ status: 504, json: { error: { code: "timeout" } } });
    expect(reply.headers.get("retry-after")).toBe("5");
    expect(service.decisions).toMatchObject([{ decision: "failed", status: 504, code: "timeout" }]);
  });
});

test("an issued certificate is one audit line, which has no secret and no certificate", async () => {
  await using service = await startService();
  await service.post({ csr: await newCsr() }, { "x-caller": "blue" });
  const [decision] = service.decisions;
  expect(decision).toEqual({
    time: expect.stringMatching(/^\d{4}-.*Z$/),
    decision: "issued",
    requestId: expect.any(String),
    status: 200,
    code: undefined,
    message: undefined,
    caller: "blue",
    method: "certificate",
    address: "127.0.0.1",
    attempt: service.signed[0]?.attemptId,
    csr: {
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      subject: "",
      names: ["www.example.com"],
      nameCount: 1,
    },
    serial: expect.stringMatching(/^[0-9a-f]+$/),
    notAfter: expect.stringMatching(/Z$/),
    differences: undefined,
    ms: expect.any(Number),
  });
});
