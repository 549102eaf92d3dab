import { generateKeyPairSync } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newTlsCa } from "../../../e2e/fixtures/tls-ca.ts";
import { signJwt } from "../jwt-fixture.ts";
import { startTppFixture, type TppFixture } from "./fixture.ts";

const clientCa = newTlsCa("Client CA");
const jwtKey = generateKeyPairSync("ec", { namedCurve: "P-256" });
let now = new Date();
let tpp: TppFixture;

beforeAll(async () => {
  tpp = await startTppFixture({
    clock: () => now,
    clientCaPem: clientCa.pem,
    accessSeconds: 600,
    grantSeconds: 3600,
    jwtMappings: [
      {
        issuer: "https://cluster.example",
        subject: "system:serviceaccount:pki:issuer",
        audience: "tpp",
        jwks: [jwtKey.publicKey.export({ format: "jwk" })],
        username: "local:issuer",
      },
    ],
  });
});
afterAll(() => tpp[Symbol.asyncDispose]());

const later = (seconds: number) => {
  now = new Date(now.getTime() + seconds * 1000);
};
const verify = (bearer?: string) => tpp.call({ to: "GET /vedauth/authorize/verify", bearer });
const refresh = (token: string, client = "vcert-sdk") =>
  tpp.call({ to: "POST /vedauth/authorize/token", json: { client_id: client, refresh_token: token } });

describe("the password grant", () => {
  test("answers what the vendor's clients demand", async () => {
    const { status, json } = await tpp.login();
    expect(status).toBe(200);
    const seconds = Math.floor(now.getTime() / 1000);
    expect(json).toEqual({
      access_token: expect.any(String),
      expires: seconds + 600,
      expires_in: 600,
      identity: expect.stringMatching(/^local:\{[0-9a-f-]{36}\}$/),
      refresh_token: expect.any(String),
      refresh_until: seconds + 3600,
      scope: "certificate:manage,revoke",
      token_type: "Bearer",
    });
    expect(tpp.tpp.ledger.of("grant").at(-1)).toMatchObject({ how: "password", identity: "local:issuer" });
  });

  test("has no refresh token where the integration gives none", async () => {
    const { json } = await tpp.login({ client: "no-refresh", scope: "certificate:manage" });
    expect(json).not.toHaveProperty("refresh_token");
  });

  test("refuses a wrong password, an unknown client and a missing parameter in OAuth's form", async () => {
    const good = {
      client_id: "vcert-sdk",
      username: "issuer",
      password: "issuer-password",
      scope: "certificate",
    };
    const login = (json: object) => tpp.call({ to: "POST /vedauth/Authorize/OAuth", json });
    expect((await login(good)).status).toBe(200);
    const answers = [
      await login({ ...good, password: "wrong" }),
      await login({ ...good, client_id: "nobody" }),
      await login({ ...good, scope: undefined }),
    ];
    expect(answers.map(({ status, json }) => [status, json.error])).toEqual([
      [400, "invalid_grant"],
      [400, "invalid_client"],
      [400, "invalid_request"],
    ]);
    expect(JSON.stringify(answers)).not.toContain("issuer-password");
  });

  test("says only in the status line that a scope is beyond the integration's", async () => {
    const { status, reason, text } = await tpp.login({
      client: "cert-manager.io",
      scope: "certificate:manage,revoke",
    });
    expect([status, text]).toEqual([403, ""]);
    expect(reason).toBe("Failed to issue grant: User is not authorized for the requested scope");
  });
});

describe("refresh tokens", () => {
  test("work once: the second use is refused and noted as reuse, the new one works", async () => {
    const first: string = (await tpp.login()).json.refresh_token;
    const second = await refresh(first);
    expect(second.status).toBe(200);
    expect(second.json.refresh_token).not.toBe(first);
    const reuse = await refresh(first);
    const why = "Grant has been revoked, has expired, or the refresh token is invalid";
    expect([reuse.status, reuse.reason, reuse.json.error]).toEqual([400, why, "invalid_grant"]);
    expect(tpp.tpp.ledger.of("refresh-refused").at(-1)).toMatchObject({ known: true });
    expect((await refresh(second.json.refresh_token)).status).toBe(200);
  });

  test("are refused from another client, and unknown ones", async () => {
    const token: string = (await tpp.login()).json.refresh_token;
    expect((await refresh(token, "vcert-cli")).status).toBe(400);
    expect((await refresh("nonsense")).status).toBe(400);
    expect(tpp.tpp.ledger.of("refresh-refused").at(-1)).toMatchObject({ known: false });
    expect((await refresh(token)).status).toBe(200);
  });

  test("end with the grant, and when grants are revoked", async () => {
    const token: string = (await tpp.login()).json.refresh_token;
    tpp.tpp.control.revokeGrants();
    expect((await refresh(token)).status).toBe(400);
    const next: string = (await tpp.login()).json.refresh_token;
    later(3600);
    expect((await refresh(next)).status).toBe(400);
  });
});

describe("access tokens", () => {
  test("end by themselves and when expired by hand; the grant's end is another", async () => {
    const { access_token: token, refresh_token: more } = (await tpp.login()).json;
    const { status, json } = await verify(token);
    expect([status, json.valid_for, json.application]).toEqual([200, 600, "vcert-sdk"]);
    expect(Date.parse(json.expires_ISO8601) - Date.parse(json.access_issued_on_ISO8601)).toBe(3_600_000);
    later(600);
    expect((await verify(token)).status).toBe(401);
    const next: string = (await refresh(more)).json.access_token;
    expect((await verify(next)).status).toBe(200);
    tpp.tpp.control.expireAccessTokens();
    expect((await verify(next)).json.error).toBe("invalid_token");
  });

  test("are worth nothing after revoke/token, nor is the refresh token", async () => {
    const { access_token: bearer, refresh_token: more } = (await tpp.login()).json;
    expect((await tpp.call({ to: "GET /vedauth/Revoke/Token", bearer })).status).toBe(200);
    expect((await verify(bearer)).status).toBe(401);
    expect((await refresh(more)).status).toBe(400);
  });

  test("need the scope of the call", async () => {
    const bearer: string = (await tpp.login({ client: "vcert-sdk", scope: "certificate" })).json.access_token;
    const json = { PolicyDN: "\\VED\\Policy\\Open" };
    const answer = await tpp.call({ to: "POST /vedsdk/certificates/checkpolicy", bearer, json });
    expect([answer.status, answer.json.error]).toEqual([403, "insufficient_scope"]);
    expect(answer.json.error_description).toContain("'certificate:manage'");
  });

  test("that are missing or unknown are 401", async () => {
    const to = "POST /vedsdk/certificates/checkpolicy";
    expect((await tpp.call({ to, json: {} })).json.error).toBe("invalid_token");
    expect((await tpp.call({ to, json: {}, bearer: "x" })).json.error).toBe("session_error");
    const headers = { "x-venafi-api-key": "00000000-0000-0000-0000-000000000000" };
    expect((await tpp.call({ to, json: {}, headers })).status).toBe(401);
  });
});

test("a client certificate logs in whom its common name says, another's or none does not", async () => {
  const json = { client_id: "vcert-sdk", scope: "certificate:manage" };
  const to = "POST /vedauth/authorize/certificate";
  const as = async (identity?: { readonly cert: string; readonly key: string }) =>
    (await tpp.call({ to, json, identity })).status;
  expect(await as(await clientCa.identity("issuer"))).toBe(200);
  expect(tpp.tpp.ledger.of("grant").at(-1)).toMatchObject({ how: "certificate", identity: "local:issuer" });
  expect(await as(await clientCa.identity("stranger"))).toBe(401);
  expect(await as(await newTlsCa("Another CA").identity("issuer"))).toBe(401);
  expect(await as()).toBe(401);
});

test("a JWT logs in whom its mapping says, if signature, issuer, subject, audience and time are right", async () => {
  const good = {
    iss: "https://cluster.example",
    sub: "system:serviceaccount:pki:issuer",
    aud: ["tpp"],
    exp: now.getTime() / 1000 + 600,
  };
  const login = async (claims: object, key = jwtKey.privateKey) => {
    const json = { client_id: "vcert-sdk", scope: "certificate:manage", jwt: signJwt(claims, key) };
    return (await tpp.call({ to: "POST /vedauth/authorize/jwt", json })).status;
  };
  expect(await login(good)).toBe(200);
  expect(tpp.tpp.ledger.of("grant").at(-1)).toMatchObject({ how: "jwt", identity: "local:issuer" });
  expect(await login(good, generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey)).toBe(400);
  expect(await login({ ...good, iss: "https://other.example" })).toBe(400);
  expect(await login({ ...good, sub: "system:serviceaccount:pki:other" })).toBe(400);
  expect(await login({ ...good, aud: "other" })).toBe(400);
  expect(await login({ ...good, exp: now.getTime() / 1000 - 1 })).toBe(400);
});

test("the legacy API key is a removed feature, the authentication server says who it is", async () => {
  const legacy = await tpp.call({
    to: "POST /vedsdk/authorize/",
    json: { Username: "issuer", Password: "x" },
  });
  expect([legacy.status, legacy.reason]).toEqual([400, expect.stringContaining("no longer supported")]);
  const server = await tpp.call({ to: "GET /vedauth/authorize/isAuthServer" });
  expect([server.status, server.reason]).toEqual([202, "Venafi Authentication Server"]);
  expect((await tpp.call({ to: "GET /vedsdk/" })).status).toBe(200);
  expect((await tpp.call({ to: "GET /elsewhere" })).status).toBe(404);
});

test("identities are shown by self, browse and validate", async () => {
  const bearer: string = (await tpp.login()).json.access_token;
  const self = await tpp.call({ to: "GET /vedsdk/Identity/Self", bearer });
  const [me] = self.json.Identities;
  expect(me).toMatchObject({ Name: "issuer", PrefixedName: "local:issuer", Prefix: "local" });
  const ask = (path: string, json: object) => tpp.call({ to: `POST /vedsdk/Identity/${path}`, bearer, json });
  expect((await ask("Browse", { Filter: "iss", Limit: 2 })).json.Identities).toEqual([me]);
  expect((await ask("Browse", { Filter: "issuer@example.com", Limit: 2 })).json.Identities).toEqual([me]);
  expect((await ask("Browse", { Filter: "nobody", Limit: 2 })).json.Identities).toEqual([]);
  const { PrefixedUniversal } = me;
  expect((await ask("Validate", { ID: { PrefixedUniversal } })).json.ID).toEqual(me);
});
