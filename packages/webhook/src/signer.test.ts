import { orderChain, parseCertificates, requestWasSent } from "@countersign/issuer-signer";
import { signRequestFor } from "@countersign/issuer-signer/testing";
import { describe, expect, test } from "vitest";
import { connectTo, failureOf, signed, signing } from "./connect-fixture.ts";
import { fakeCa } from "./fake-ca-fixture.ts";
import { type FakeEnd, FakeService } from "./fake-service-fixture.ts";

const sign = "POST /sign";

describe("sign", () => {
  test("posts the CSR with the attempt's id, and answers the chain", async () => {
    await using fake = await FakeService.start();
    await signing(fake);
    await using webhook = connectTo(fake.url);
    const request = await signRequestFor({ dnsNames: ["a.example.com"] });
    const { chain } = await webhook.sign(request);
    const ordered = orderChain(chain, { leafSpkiDer: request.parsedCsr.spkiDer });
    expect(ordered.chain).toHaveLength(2);
    expect(ordered.root?.subject).toBe("CN=Fake Root");
    const [call] = fake.calls;
    expect(call?.json).toEqual({ csr: Buffer.from(request.parsedCsr.der).toString("base64") });
    expect(call?.headers).toMatchObject({
      "idempotency-key": "attempt-1",
      "content-type": "application/json",
      accept: "application/json",
    });
    expect(call?.headers.authorization).toBeUndefined();
  });

  test("writes the request as the spec says, and only what it names", async () => {
    await using fake = await FakeService.start();
    const ca = await fakeCa();
    const request = await signRequestFor({ durationSeconds: 3600, usages: ["server auth"] });
    fake.routes["POST /api/v2/enrol"] = async () => ({
      status: 201,
      body: {
        data: await signed(ca, { json: { csr: Buffer.from(request.parsedCsr.der).toString("base64") } }),
      },
    });
    await using webhook = connectTo(`${fake.url}/api/`, {
      webhook: {
        path: "/v2/enrol",
        headers: [{ name: "X-Tenant", value: "blue" }],
        idempotency: { header: "X-Order" },
        request: {
          csrField: "order.pkcs10",
          csrFormat: "pem",
          durationField: "order.seconds",
          usagesField: "usages",
          isCAField: "ca",
          values: [{ field: "order.profile", value: "web" }],
        },
        response: { certificateField: "data.certificate", caField: "data.ca" },
      },
    });
    expect(parseCertificates((await webhook.sign(request)).chain)).toHaveLength(3);
    const [call] = fake.calls;
    expect(call?.json).toEqual({
      order: { profile: "web", pkcs10: request.csr, seconds: 3600 },
      usages: ["server auth"],
      ca: false,
    });
    expect(call?.headers).toMatchObject({ "x-tenant": "blue", "x-order": "attempt-1" });
  });

  test("refuses a CA certificate that it could not ask for, without a call", async () => {
    await using fake = await FakeService.start();
    await using webhook = connectTo(fake.url);
    const error = await failureOf(webhook.sign({ isCA: true }));
    expect(error).toMatchObject({ code: "REQUEST_REJECTED" });
    expect(error.message).toContain("request.isCAField");
    expect(fake.calls).toEqual([]);
  });

  test("does not know what became of a request whose connection broke, and tries no other service", async () => {
    await using first = await FakeService.start();
    await using second = await FakeService.start();
    first.routes[sign] = "reset";
    await signing(second);
    await using webhook = connectTo([first.url, second.url]);
    const error = await failureOf(webhook.sign());
    expect(error).toMatchObject({ code: "RETRYABLE", issuedNothing: false });
    expect(requestWasSent(error)).toBe(true);
    expect(second.calls).toEqual([]);
  });

  test("goes on to the next service where the promise holds, and where the first is not there", async () => {
    await using first = await FakeService.start();
    await using second = await FakeService.start();
    first.routes[sign] = "reset";
    await signing(second);
    await using promised = connectTo([first.url, second.url], {
      webhook: { idempotency: { promised: true } },
    });
    await promised.sign();
    expect(second.count(sign)).toBe(1);
    const { url } = first;
    await first[Symbol.asyncDispose]();
    await using plain = connectTo([url, second.url]);
    await plain.sign();
    expect(second.count(sign)).toBe(2);
  });

  test.each<[string, FakeEnd]>([
    ["no certificate", { body: { ca: "x" } }],
    ["null", { body: "null" }],
    ["a list", { body: "[]" }],
    ["HTML", { body: "<html>login</html>" }],
    ["nothing", { body: "" }],
    ["204", { status: 204, body: "" }],
    ["a number for the certificate", { body: { certificate: 7 } }],
    ["a certificate that is none", { body: { certificate: "bm8gY2VydGlmaWNhdGU=" } }],
    ["half a certificate", { body: { certificate: "-----BEGIN CERTIFICATE-----\nMII" } }],
    ["a list of 101 texts", { body: { certificate: Array.from({ length: 101 }, () => "TUlJ") } }],
  ])("takes %s for a certificate that may have been issued", async (_, end) => {
    await using fake = await FakeService.start();
    fake.routes[sign] = end;
    await using webhook = connectTo(fake.url);
    const error = await failureOf(webhook.sign());
    expect(["RETRYABLE", "BAD_CERTIFICATE"]).toContain((error as { code?: string }).code);
    expect(error).not.toMatchObject({ issuedNothing: true });
  });

  test("refuses a certificate for another key", async () => {
    await using fake = await FakeService.start();
    const ca = await fakeCa();
    const other = await signRequestFor();
    fake.routes[sign] = async () => ({
      body: await signed(ca, { json: { csr: Buffer.from(other.parsedCsr.der).toString("base64") } }),
    });
    await using webhook = connectTo(fake.url);
    expect(await failureOf(webhook.sign())).toMatchObject({
      code: "BAD_CERTIFICATE",
      message: expect.stringContaining("for the requested key"),
    });
  });
});

describe("an accepted request", () => {
  test("is asked for where the service says, until the certificate is there", async () => {
    await using fake = await FakeService.start();
    const ca = await fakeCa();
    fake.routes[sign] = { status: 202, headers: { location: "/sign/7", "retry-after": "3" } };
    await using webhook = connectTo(fake.url);
    const request = await signRequestFor();
    const first = await webhook.outcome(request);
    expect(first).toMatchObject({
      status: "pending",
      retryAfterMs: 3_000,
      operation: { pollUrl: `${fake.url}/sign/7` },
    });
    const operation = { pollUrl: `${fake.url}/sign/7` };
    fake.routes["GET /sign/7"] = { status: 202, headers: { location: "/sign/8" } };
    expect(await webhook.outcome(request, operation)).toMatchObject({
      status: "pending",
      operation: { pollUrl: `${fake.url}/sign/8` },
    });
    const json = { csr: Buffer.from(request.parsedCsr.der).toString("base64") };
    fake.routes["GET /sign/7"] = { body: await signed(ca, { json }) };
    expect(await webhook.outcome(request, operation)).toMatchObject({ status: "issued" });
    expect(fake.count(sign)).toBe(1);
  });

  test("is repeated with the same id where the service names no URL", async () => {
    await using fake = await FakeService.start();
    fake.routes[sign] = { status: 202 };
    await using webhook = connectTo(fake.url);
    const request = await signRequestFor();
    const first = await webhook.outcome(request);
    expect(first).toMatchObject({ status: "pending", retryAfterMs: 10_000, operation: {} });
    await webhook.outcome(request, {});
    expect(fake.calls.map(({ headers }) => headers["idempotency-key"])).toEqual(["attempt-1", "attempt-1"]);
  });

  test("takes the URL from a field", async () => {
    await using fake = await FakeService.start();
    fake.routes[sign] = { status: 202, body: { links: { self: "/orders/1?a=b" } } };
    await using webhook = connectTo(fake.url, { webhook: { response: { pollField: "links.self" } } });
    expect(await webhook.outcome()).toMatchObject({ operation: { pollUrl: `${fake.url}/orders/1?a=b` } });
  });

  test.each(["https://evil.example.com/x", "//evil.example.com/x", "http://user:pw@127.0.0.1/", "http://["])(
    "never takes the credentials to %s",
    async (location) => {
      await using fake = await FakeService.start();
      fake.routes[sign] = { status: 202, headers: { location } };
      await using webhook = connectTo(fake.url);
      const error = await failureOf(webhook.outcome());
      expect(error).toMatchObject({ code: "RETRYABLE", issuedNothing: false });
      expect(error.message).not.toContain("evil");
    },
  );

  test.each<[number, string]>([
    [404, "REQUEST_REJECTED"],
    [410, "REQUEST_REJECTED"],
    [422, "REQUEST_REJECTED"],
    [503, "RETRYABLE"],
    [429, "RETRYABLE"],
    [401, "ISSUER"],
  ])("ends with %i as %s, and never as if nothing had been issued", async (status, code) => {
    await using fake = await FakeService.start();
    fake.routes["GET /sign/7"] = { status };
    await using webhook = connectTo(fake.url);
    const error = await failureOf(webhook.outcome({}, { pollUrl: `${fake.url}/sign/7` }));
    expect(error).toMatchObject({ code });
    expect(error).not.toMatchObject({ issuedNothing: true });
  });
});

describe("find", () => {
  test("cannot tell unless the service promises to issue only once", async () => {
    await using fake = await FakeService.start();
    await signing(fake);
    await using webhook = connectTo(fake.url);
    expect(webhook.signer.idempotent).toBe(false);
    const request = await signRequestFor();
    expect(await webhook.find(request)).toMatchObject({
      status: "cannot-tell",
      reason: expect.stringContaining("idempotency.promised"),
    });
    expect(fake.calls).toEqual([]);
  });

  test("asks a service that promises it again", async () => {
    await using fake = await FakeService.start();
    await signing(fake);
    await using webhook = connectTo(fake.url, { webhook: { idempotency: { promised: true } } });
    expect(webhook.signer.idempotent).toBe(true);
    expect(await webhook.find(await signRequestFor())).toMatchObject({ status: "issued" });
    expect(fake.calls[0]?.headers["idempotency-key"]).toBe("attempt-1");
  });
});

describe("check", () => {
  test.each<[number, string | undefined]>([
    [200, undefined],
    [405, undefined],
    [404, undefined],
    [400, undefined],
    [401, "ISSUER"],
    [403, "ISSUER"],
    [429, "RETRYABLE"],
    [503, "RETRYABLE"],
    [301, "ISSUER"],
  ])("without a health path takes %i of the sign path for %s", async (status, code) => {
    await using fake = await FakeService.start();
    fake.routes["GET /sign"] = { status };
    await using webhook = connectTo(fake.url);
    const end = await webhook.check().then(
      () => undefined,
      (error: { code?: string }) => error.code,
    );
    expect(end).toBe(code);
  });

  test.each<[FakeEnd, string | undefined]>([
    [{ status: 200 }, undefined],
    [{ status: 204, body: "" }, undefined],
    [{ status: 404 }, "ISSUER"],
    [{ status: 503 }, "RETRYABLE"],
    [{ status: 502, body: { error: { code: "issuer_error", message: "x" } } }, "ISSUER"],
  ])("with a health path takes %j for %s", async (end, code) => {
    await using fake = await FakeService.start();
    fake.routes["GET /health"] = end;
    await using webhook = connectTo(fake.url, { webhook: { healthPath: "/health" } });
    const error = await webhook.check().then(
      () => undefined,
      (thrown: { code?: string }) => thrown.code,
    );
    expect(error).toBe(code);
    expect(fake.count("GET /health")).toBe(1);
  });
});
