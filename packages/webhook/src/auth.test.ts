import { IssuerError, RetryableError } from "@countersign/issuer-signer";
import { beforeAll, describe, expect, test } from "vitest";
import { connectTo, failureOf, signing } from "./connect-fixture.ts";
import { type FakeCa, fakeCa } from "./fake-ca-fixture.ts";
import { FakeService } from "./fake-service-fixture.ts";

const bearer = { auth: { tokenSecretRef: { name: "s" } } };
const serviceAccount = { auth: { serviceAccountRef: { name: "caller", audiences: ["sign.example.com"] } } };

describe("credentials", () => {
  test("a stored token is sent with every call", async () => {
    await using fake = await FakeService.start();
    await signing(fake);
    fake.routes["GET /sign"] = { status: 405 };
    await using webhook = connectTo(fake.url, { webhook: bearer, secrets: { token: "abc.def\n" } });
    await webhook.check();
    await webhook.sign();
    expect(fake.calls.map(({ headers }) => headers.authorization)).toEqual([
      "Bearer abc.def",
      "Bearer abc.def",
    ]);
  });

  test("user and password are sent as RFC 7617 has them, as UTF-8", async () => {
    await using fake = await FakeService.start();
    await signing(fake);
    const passwordSecretRef = { name: "s" };
    await using named = connectTo(fake.url, {
      webhook: { auth: { basic: { username: "test", passwordSecretRef } } },
      secrets: { password: "123£\n" },
    });
    await named.sign();
    await using stored = connectTo(fake.url, {
      webhook: { auth: { basic: { usernameSecretRef: { name: "s" }, passwordSecretRef } } },
      secrets: { username: "Aladdin\n", password: "open sesame" },
    });
    await stored.sign();
    expect(fake.calls.map(({ headers }) => headers.authorization)).toEqual([
      "Basic dGVzdDoxMjPCow==",
      "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
    ]);
  });

  test.each<[string, object, Record<string, string>, string]>([
    ["an empty token", bearer, { token: " \n" }, "empty"],
    ["two lines for a token", bearer, { token: "a\nb" }, "one line"],
    ["an empty password", basicOf("u"), { password: "\n" }, "password is empty"],
    ["a user with a colon", basicOf(undefined), { username: "a:b", password: "x" }, "colon"],
    ["no user", basicOf(undefined), { username: "", password: "x" }, "user name is empty"],
  ])("%s is the issuer's fault, and is not shown", (_, webhook, secrets, words) => {
    const connect = () => connectTo("https://sign.example.com", { webhook: { ...webhook }, secrets });
    expect(connect).toThrow(IssuerError);
    expect(connect).toThrow(words);
  });

  test.each(["Authorization", "cookie", "Content-Type"])("the header %s may not be set", (name) => {
    const webhook = { headers: [{ name, value: "x" }] };
    expect(() => connectTo("https://sign.example.com", { webhook })).toThrow("may not be set in headers");
  });
});

describe("a service account's token", () => {
  test("is asked for once for all calls at once, and kept", async () => {
    await using fake = await FakeService.start();
    await signing(fake);
    await using webhook = connectTo(fake.url, { webhook: serviceAccount });
    await Promise.all([webhook.sign(), webhook.sign(), webhook.sign()]);
    await webhook.sign();
    expect(webhook.tokenRequests).toMatchObject([{ name: "caller", audiences: ["sign.example.com"] }]);
    expect(new Set(fake.calls.map(({ headers }) => headers.authorization))).toEqual(
      new Set(["Bearer token-1"]),
    );
  });

  test("is replaced once when the service refuses it, and then the issuer is to blame", async () => {
    await using fake = await FakeService.start();
    await signing(fake);
    const good = fake.routes["POST /sign"];
    fake.routes["POST /sign"] = async (call) =>
      call.headers.authorization === "Bearer token-2" && typeof good === "function"
        ? good(call)
        : { status: 401 };
    await using webhook = connectTo(fake.url, { webhook: serviceAccount });
    await webhook.sign();
    expect(fake.calls).toHaveLength(2);
    fake.routes["POST /sign"] = { status: 401 };
    expect(await failureOf(webhook.sign())).toMatchObject({ code: "ISSUER" });
    expect(fake.calls).toHaveLength(4);
    expect(webhook.tokenRequests).toHaveLength(3);
  });

  test("that cannot be had is trouble that has issued nothing", async () => {
    await using fake = await FakeService.start();
    await using webhook = connectTo(fake.url, {
      webhook: serviceAccount,
      requestToken: () => Promise.reject(new RetryableError("no API server", { issuedNothing: true })),
    });
    expect(await failureOf(webhook.sign())).toMatchObject({ code: "RETRYABLE", issuedNothing: true });
    expect(fake.calls).toEqual([]);
  });
});

describe("mutual TLS", () => {
  let ca: FakeCa;
  beforeAll(async () => {
    ca = await fakeCa("TLS");
  });

  test("shows the client certificate, and verifies the service by the bundle and the name", async () => {
    const tls = await ca.issue("server", { dnsNames: ["sign.example.com"] });
    const client = await ca.issue("issuer");
    await using fake = await FakeService.start({ ...tls, ca: ca.root.pem, requestCert: true });
    await signing(fake);
    const webhook = { serverName: "sign.example.com" };
    const secrets = { clientCert: client.cert, clientKey: client.key, caBundle: ca.root.pem };
    await using connected = connectTo(fake.url, { webhook, secrets });
    await connected.sign();
    expect(fake.calls[0]?.clientName).toBe("issuer");
    await using wrongName = connectTo(fake.url, { webhook: { serverName: "other.example.com" }, secrets });
    expect(await failureOf(wrongName.sign())).toMatchObject({ code: "ISSUER" });
    await using anyRoot = connectTo(fake.url, { webhook });
    expect(await failureOf(anyRoot.sign())).toMatchObject({ code: "ISSUER" });
    expect(fake.calls).toHaveLength(1);
  });

  test("two bundles, or half an identity, are the issuer's fault", async () => {
    const { cert } = await ca.issue("issuer");
    const url = "https://sign.example.com";
    expect(() => connectTo(url, { secrets: { clientCert: cert } })).toThrow("no client key");
    expect(() => connectTo(url, { secrets: { caBundle: ca.root.pem }, caBundle: ca.root.pem })).toThrow(
      "Only one of",
    );
  });
});

function basicOf(username: string | undefined) {
  const user = username === undefined ? { usernameSecretRef: { name: "s" } } : { username };
  return { auth: { basic: { ...user, passwordSecretRef: { name: "s" } } } };
}
