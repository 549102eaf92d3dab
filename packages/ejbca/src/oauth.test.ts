import { describe, expect, test } from "vitest";
import { type ConnectOptions, connectTo, failureOf } from "./connect-fixture.ts";
import { type FakeAnswer, type FakeCall, FakeEjbca, saying } from "./fake-ejbca-fixture.ts";
import { enrolling } from "./fake-enrolment-fixture.ts";

const expired = saying(403, "Authentication failed using OAuth Bearer Token. JWT token has expired.");
const refused = saying(403, "Authentication failed using OAuth Bearer Token");
const tokenRoute = "POST /token";

/** An EJBCA that takes the last token, and the server that issues them. */
async function fixture(more: Readonly<Record<string, unknown>> = {}, expiresIn: number | undefined = 300) {
  const stack = new AsyncDisposableStack();
  const [ejbcaServer, oauth] = [stack.use(await FakeEjbca.start()), stack.use(await FakeEjbca.start())];
  enrolling(ejbcaServer);
  const world = { logins: 0, valid: new Set<string>(), refusal: expired };
  oauth.routes[tokenRoute] = () => {
    world.logins += 1;
    world.valid.add(`t${world.logins}`);
    return { body: { access_token: `t${world.logins}`, token_type: "Bearer", expires_in: expiresIn } };
  };
  for (const [name, route] of Object.entries(ejbcaServer.routes))
    ejbcaServer.routes[name] = (call: FakeCall) => {
      const token = call.headers.authorization?.replace("Bearer ", "") ?? "";
      if (!world.valid.has(token)) return world.refusal;
      return typeof route === "function" ? route(call) : route;
    };
  const oauth2 = {
    tokenUrl: `${oauth.url}/token`,
    clientId: "cert-manager",
    clientSecretRef: { name: "oauth" },
    ...more,
  };
  const options: ConnectOptions = { ejbca: { auth: { oauth2 } }, secrets: { clientSecret: "s3cret/+\n" } };
  const ejbca = stack.use(connectTo(ejbcaServer.url, options));
  return { world, ejbcaServer, oauth, ejbca, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

const formOf = (call: FakeCall | undefined) => Object.fromEntries(new URLSearchParams(call?.text));

describe("OAuth2", () => {
  test("one login serves everybody, by the Authorization header", async () => {
    await using at = await fixture({ scopes: ["ejbca", "sign"], audience: "ejbca-lab" });
    await Promise.all(Array.from({ length: 50 }, () => at.ejbca.sign()));
    await at.ejbca.check();
    expect(at.world.logins).toBe(1);
    const [call] = at.oauth.calls;
    expect(formOf(call)).toEqual({
      grant_type: "client_credentials",
      scope: "ejbca sign",
      audience: "ejbca-lab",
    });
    const basic = Buffer.from(call?.headers.authorization?.replace("Basic ", "") ?? "", "base64").toString();
    expect(basic).toBe("cert-manager:s3cret%2F%2B");
  });

  test("by the form where it is told so; no scope and no audience are not sent", async () => {
    await using at = await fixture({ clientAuthentication: "post" });
    await at.ejbca.sign();
    expect(at.oauth.calls[0]?.headers).not.toHaveProperty("authorization");
    expect(formOf(at.oauth.calls[0])).toEqual({
      ...{ grant_type: "client_credentials", client_id: "cert-manager", client_secret: "s3cret/+" },
    });
  });

  test("a token that EJBCA says has expired is replaced once, for all calls under way", async () => {
    await using at = await fixture();
    await at.ejbca.sign();
    at.world.valid.clear();
    await Promise.all(Array.from({ length: 20 }, () => at.ejbca.sign()));
    expect(at.world.logins).toBe(2);
  });

  test("a token that counts as expired however new it is makes the issuer not ready", async () => {
    await using at = await fixture();
    at.ejbcaServer.routes["GET v1/ca"] = expired;
    const error = await failureOf(at.ejbca.check());
    expect(error).toMatchObject({ code: "ISSUER", message: expect.stringContaining("clocks") });
    expect(at.world.logins).toBe(2);
  });

  test("a new token that is refused is not replaced by another one", async () => {
    await using at = await fixture();
    at.ejbcaServer.routes["GET v1/ca"] = refused;
    for (let calls = 0; calls < 5; calls += 1)
      expect((await failureOf(at.ejbca.check())).message).toContain("OAuth provider");
    expect(at.world.logins).toBe(1);
  });

  test("a login needs no token's end to be told", async () => {
    await using at = await fixture({}, undefined);
    await at.ejbca.sign();
    await at.ejbca.sign();
    expect(at.world.logins).toBe(1);
  });

  test.each<[FakeAnswer, string, string]>([
    [{ status: 401, body: { error: "invalid_client" } }, "ISSUER", "Correct the issuer's Secret"],
    [{ status: 400, body: { error: "invalid_scope" } }, "ISSUER", "Correct scopes"],
    [{ status: 400, body: { error: "s3cret" } }, "ISSUER", "Check tokenUrl"],
    [{ status: 404, body: "<html>s3cret</html>" }, "ISSUER", "Check tokenUrl"],
    [{ status: 200, body: {} }, "ISSUER", "without a token"],
    [{ status: 200, body: { access_token: "a\nb" } }, "ISSUER", "without a token"],
    [{ status: 500, body: {} }, "RETRYABLE", "EJBCA was not asked"],
    [{ status: 429, headers: { "retry-after": "7" } }, "RETRYABLE", "EJBCA was not asked"],
  ])("a login answered with %j is %s", async (answer, code, words) => {
    await using at = await fixture();
    at.oauth.routes[tokenRoute] = answer;
    const error = await failureOf(at.ejbca.sign());
    expect(error).toMatchObject({ code, message: expect.stringContaining(words) });
    expect(error.message).not.toContain("s3cret");
    if (code === "RETRYABLE") expect(error).toMatchObject({ issuedNothing: true });
    expect(at.ejbcaServer.count("POST v1/certificate/pkcs10enroll")).toBe(0);
  });

  test("a login whose connection breaks says nothing of what EJBCA has issued", async () => {
    await using at = await fixture();
    const route = at.oauth.routes[tokenRoute] ?? "reset";
    at.oauth.routes[tokenRoute] = "reset";
    expect(await failureOf(at.ejbca.sign())).toMatchObject({ code: "RETRYABLE", issuedNothing: true });
    at.oauth.routes[tokenRoute] = route;
    await at.ejbca.sign();
    at.world.valid.clear();
    at.oauth.routes[tokenRoute] = "reset";
    expect(await failureOf(at.ejbca.sign())).toMatchObject({ code: "RETRYABLE", issuedNothing: true });
  });

  test("a login that fails does not count against EJBCA", async () => {
    await using at = await fixture();
    const route = at.oauth.routes[tokenRoute] ?? "reset";
    at.oauth.routes[tokenRoute] = { status: 503 };
    for (let calls = 0; calls < 10; calls += 1) await failureOf(at.ejbca.sign());
    at.oauth.routes[tokenRoute] = route;
    await at.ejbca.sign();
    expect(at.ejbcaServer.count("POST v1/certificate/pkcs10enroll")).toBe(1);
  });
});
