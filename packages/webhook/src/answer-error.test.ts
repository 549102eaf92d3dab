import { describe, expect, test } from "vitest";
import { connectTo, failureOf } from "./connect-fixture.ts";
import { FakeService } from "./fake-service-fixture.ts";

/** The error of one request whose sign call is answered so. */
async function errorOf(status: number, body: object | string = {}, headers: Record<string, string> = {}) {
  await using fake = await FakeService.start();
  fake.routes["POST /sign"] = { status, body, headers };
  await using webhook = connectTo(fake.url);
  return { error: await failureOf(webhook.sign()), host: fake.host };
}

const own = (code: string, more: object = {}) => ({
  error: { code, message: "the words of the service", ...more },
});

describe("a status of a sign call", () => {
  test.each<[number, object | string, string, string]>([
    [400, "", "REQUEST_REJECTED", "cannot read the request"],
    [400, own("invalid_csr"), "REQUEST_REJECTED", "spec.webhook.request"],
    [413, "", "REQUEST_REJECTED", "too large"],
    [422, "", "REQUEST_REJECTED", "refuses the request"],
    [401, "", "ISSUER", "credentials"],
    [403, "", "ISSUER", "whom the service allows"],
    [404, "", "ISSUER", "url and path"],
    [405, "", "ISSUER", "url and path"],
    [406, "", "ISSUER", "url and path"],
    [415, "", "ISSUER", "url and path"],
    [407, "", "ISSUER", "proxy"],
    [301, "", "ISSUER", "redirects"],
    [302, "", "ISSUER", "redirects"],
    [307, "", "ISSUER", "redirects"],
    [502, own("issuer_error"), "ISSUER", "cannot use its PKI"],
    [303, "", "RETRYABLE", "not a certificate"],
    [204, "", "RETRYABLE", "not a certificate"],
    [206, "", "RETRYABLE", "not a certificate"],
    [408, "", "RETRYABLE", "log"],
    [500, "", "RETRYABLE", "log"],
    [501, "", "RETRYABLE", "log"],
    [502, "", "RETRYABLE", "log"],
    [503, "", "RETRYABLE", "log"],
    [503, own("pki_unavailable"), "RETRYABLE", "cannot reach its PKI"],
    [502, own("bad_certificate"), "RETRYABLE", "a wrong certificate"],
    [504, own("timeout"), "RETRYABLE", "took too long"],
    [503, own("overloaded"), "RETRYABLE", "too much to do"],
    [503, own("authentication_unavailable"), "RETRYABLE", "review the issuer's token"],
    [503, own("constructor"), "RETRYABLE", "answered 503. Look"],
    [504, "", "RETRYABLE", "log"],
    [409, "", "RETRYABLE", "under way"],
    [425, "", "RETRYABLE", "later"],
    [429, "", "RETRYABLE", "rate limit"],
  ])("%i %j is %s", async (status, body, code, words) => {
    const { error, host } = await errorOf(status, body);
    expect(error).toMatchObject({ code });
    expect(error.message).toContain(`The signing service at ${host} answered ${status}`);
    expect(error.message).toContain(words);
    expect(error.message).not.toContain("words of the service");
    expect(error.message).not.toMatch(/\n/);
  });

  test.each<[number, object, boolean]>([
    [429, {}, true],
    [425, {}, true],
    [409, {}, false],
    [503, {}, false],
    [504, own("timeout"), false],
    [503, own("pki_unavailable", { issuedNothing: true }), true],
    [503, own("pki_unavailable", { issuedNothing: "yes" }), false],
  ])("%i %j says that nothing was issued: %s", async (status, body, issuedNothing) => {
    expect((await errorOf(status, body)).error).toMatchObject({ code: "RETRYABLE", issuedNothing });
  });

  test("asks for the wait that Retry-After names, and for a second where a limit names none", async () => {
    expect((await errorOf(503, {}, { "retry-after": "17" })).error).toMatchObject({ retryAfterMs: 17_000 });
    expect((await errorOf(429, {}, { "retry-after": "2" })).error).toMatchObject({ retryAfterMs: 2_000 });
    expect((await errorOf(429)).error).toMatchObject({ retryAfterMs: 1_000 });
  });

  test("a rate limit is not taken for a service that is down", async () => {
    await using fake = await FakeService.start();
    fake.routes["POST /sign"] = { status: 429 };
    await using webhook = connectTo(fake.url);
    for (let calls = 1; calls <= 8; calls += 1) {
      await failureOf(webhook.sign());
      expect(fake.count("POST /sign")).toBe(calls);
    }
  });

  test("a service that is down is spared", async () => {
    await using fake = await FakeService.start();
    fake.routes["POST /sign"] = { status: 500 };
    await using webhook = connectTo(fake.url);
    for (let calls = 1; calls <= 8; calls += 1) await failureOf(webhook.sign());
    expect(fake.count("POST /sign")).toBe(5);
  });
});
