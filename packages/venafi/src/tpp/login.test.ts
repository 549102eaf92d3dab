import { generateKeyPairSync } from "node:crypto";
import {
  buildCertificate,
  buildCsr,
  deterministicSerial,
  HttpClient,
  newPrivateKey,
  newSelfSignedCa,
  parseCsr,
  softwareCaSigner,
} from "@countersign/issuer-signer";
import { signRequestFor } from "@countersign/issuer-signer/testing";
import { describe, expect, test } from "vitest";
import { signJwt } from "../../../../test/rigs/venafi/jwt-fixture.ts";
import { startTpp, type Tpp, type TppOptions } from "../../../../test/rigs/venafi/start-tpp.ts";
import { type ConnectOptions, connectTo, failureOf } from "../connect-fixture.ts";

/** A simulator and a signer for it. */
async function rig(options: ConnectOptions = {}, tppOptions: TppOptions = {}) {
  const tpp = await startTpp(tppOptions);
  const connected = connectTo(tpp, options);
  return {
    tpp,
    ...connected,
    kinds: () => tpp.ledger.entries.map(({ kind }) => kind),
    async [Symbol.asyncDispose]() {
      await connected[Symbol.asyncDispose]();
      await tpp.stop();
    },
  };
}

/** Tokens as an administrator gets them for a Secret. */
async function grantOf(tpp: Tpp, options: { readonly client?: string; readonly scope?: string } = {}) {
  const { client = "cert-manager.io", scope = "certificate:manage" } = options;
  using http = new HttpClient({ ca: tpp.caPem });
  const [user] = tpp.credentials.users;
  const json = { client_id: client, scope, username: user?.username, password: user?.password };
  const answer = await http.post<{ access_token: string; refresh_token: string }>(
    `${tpp.url}/vedauth/authorize/oauth`,
    { json },
  );
  return { accessToken: answer.access_token, refreshToken: answer.refresh_token };
}

const count = (kinds: readonly string[], kind: string) => kinds.filter((each) => each === kind).length;

describe("a password login", () => {
  test("makes one grant for 30 requests at once, and gives it back at the end", async () => {
    await using tpp = await startTpp();
    const it = connectTo(tpp);
    await Promise.all(Array.from({ length: 30 }, () => it.sign()));
    await it.check();
    expect(count(kindsOf(tpp), "grant")).toBe(1);
    await it[Symbol.asyncDispose]();
    expect(count(kindsOf(tpp), "grant-revoked")).toBe(1);
  });

  test("logs in once more when the token has expired, under 50 requests at once", async () => {
    await using it = await rig();
    const requests = await Promise.all(Array.from({ length: 50 }, () => signRequestFor()));
    await it.check();
    it.tpp.control.expireAccessTokens();
    await Promise.all(requests.map((request) => it.sign(request)));
    expect(count(it.kinds(), "grant")).toBe(2);
    expect(count(it.kinds(), "order")).toBe(50);
  });

  test("asks for client id and scope of Secret and spec", async () => {
    const secrets = { username: "local:issuer\n", password: "issuer-password\n", clientId: "vcert-sdk" };
    await using it = await rig({ secrets, tpp: { scope: "certificate:manage,delete" } });
    await it.check();
    expect(it.tpp.ledger.entries[0]).toMatchObject({
      kind: "grant",
      clientId: "vcert-sdk",
      scope: "certificate:manage,delete",
    });
  });

  test("does not try a wrong password twice within 15 minutes, since accounts lock", async () => {
    await using it = await rig({ secrets: { username: "local:issuer", password: "wrong" } });
    const error = await failureOf(it.check());
    expect(error).toMatchObject({ code: "ISSUER" });
    expect(error.message).toMatch(/password login of client cert-manager.io was refused.*not valid.*locked/);
    expect(error.message).not.toContain("wrong");
    await failureOf(it.check());
    await failureOf(it.sign());
    const logins = () => it.tpp.calls.filter(({ path }) => path.endsWith("authorize/oauth")).length;
    expect(logins()).toBe(1);
    await it.pass(15 * 60_000);
    await failureOf(it.check());
    expect(logins()).toBe(2);
  });

  test.each([
    ["a client that is not registered", { clientId: "nobody" }, {}, /Register the API integration nobody/],
    [
      "a scope that the client may not have, said in the status line alone",
      {},
      { scope: "certificate:manage;configuration:manage" },
      /403: the password login.*"Failed to issue grant: User is not authorized for the requested scope".*Allow the scope/,
    ],
  ])("says what is wrong with %s", async (_, extra, spec, words) => {
    const secrets = { username: "local:issuer", password: "issuer-password", ...extra };
    await using it = await rig({ secrets, tpp: spec });
    const error = await failureOf(it.check());
    expect(error).toMatchObject({ code: "ISSUER", message: expect.stringMatching(words) });
  });

  test("is not a login with half of it", async () => {
    await using tpp = await startTpp();
    expect(() => connectTo(tpp, { secrets: { username: "local:issuer" } })).toThrow("Store both");
    expect(() => connectTo(tpp, { secrets: {} })).toThrow("none of the keys access-token, refresh-token");
  });
});

describe("an access token of a Secret", () => {
  test("is used as it is, its end reported, and never revoked", async () => {
    await using tpp = await startTpp({ accessSeconds: 3600 });
    const { accessToken } = await grantOf(tpp);
    const it = connectTo(tpp, { secrets: { accessToken: `${accessToken}\n` } });
    await it.check();
    await it.issue();
    await it[Symbol.asyncDispose]();
    expect(kindsOf(tpp)).toEqual(["grant", "order", "certificate"]);
    const [report] = it.credentials;
    expect(report?.credential).toBe("accessToken");
    expect(Math.abs((report?.expiresAt ?? 0) - Date.now() - 3_600_000)).toBeLessThan(5_000);
  });

  test("that has expired is the issuer's trouble, with what to do", async () => {
    await using tpp = await startTpp();
    await using it = connectTo(tpp, {
      secrets: await grantOf(tpp).then(({ accessToken }) => ({ accessToken })),
    });
    tpp.control.expireAccessTokens();
    for (const call of [it.check(), it.sign()]) {
      const error = await failureOf(call);
      expect(error).toMatchObject({ code: "ISSUER" });
      expect(error.message).toContain("expired or was revoked. Store a new one, or a refresh-token");
    }
  });

  test("without the scope is said to lack it", async () => {
    await using tpp = await startTpp();
    const { accessToken } = await grantOf(tpp, { client: "vcert-sdk", scope: "certificate:discover" });
    await using it = connectTo(tpp, { secrets: { accessToken } });
    const error = await failureOf(it.check());
    expect(error.message).toContain(
      'its scope is "certificate:discover", and requests need certificate:manage',
    );
    const refused = await failureOf(it.sign());
    expect(refused).toMatchObject({ code: "ISSUER", message: expect.stringContaining("certificate:manage") });
  });
});

describe("a refresh token of a Secret", () => {
  test("is used once under 50 requests at once, and the new one is saved before anything else is done", async () => {
    await using tpp = await startTpp();
    const tokens = await grantOf(tpp);
    const order: string[] = [];
    await using it = connectTo(tpp, {
      secrets: tokens,
      save: async () => {
        order.push(`saved after ${count(kindsOf(tpp), "order")} orders`);
      },
    });
    const requests = await Promise.all(Array.from({ length: 50 }, () => signRequestFor()));
    tpp.control.expireAccessTokens();
    await Promise.all(requests.map((request) => it.sign(request)));
    expect(order).toEqual(["saved after 0 orders"]);
    expect(kindsOf(tpp).filter((kind) => kind === "refresh")).toHaveLength(1);
    expect(count(kindsOf(tpp), "order")).toBe(50);
    expect(it.saved).toEqual([{ refreshToken: expect.any(String), accessToken: expect.any(String) }]);
    expect(it.saved[0]?.refreshToken).not.toBe(tokens.refreshToken);
    expect(it.credentials).toContainEqual({ credential: "refreshToken", expiresAt: expect.any(Number) });
  });

  test("works alone, and what it saves works for the next signer", async () => {
    await using tpp = await startTpp();
    const { refreshToken } = await grantOf(tpp);
    const first = connectTo(tpp, { secrets: { refreshToken: `${refreshToken}\n` } });
    await first.issue();
    await first[Symbol.asyncDispose]();
    expect(first.saved).toEqual([{ refreshToken: expect.any(String) }]);
    await using second = connectTo(tpp, { secrets: { refreshToken: first.saved[0]?.refreshToken } });
    await second.issue();
    expect(count(kindsOf(tpp), "refresh-refused")).toBe(0);
    expect(count(kindsOf(tpp), "grant-revoked")).toBe(0);
  });

  test("that was used up is refused once, with what to do, and not tried again", async () => {
    await using tpp = await startTpp();
    const { refreshToken } = await grantOf(tpp);
    await using first = connectTo(tpp, { secrets: { refreshToken } });
    await first.check();
    await using it = connectTo(tpp, { secrets: { refreshToken } });
    for (const call of [it.check(), it.sign(), it.sign()]) {
      const error = await failureOf(call);
      expect(error).toMatchObject({ code: "ISSUER" });
      expect(error.message).toContain("A refresh token works once: this one was used up");
      expect(error.message).not.toContain(refreshToken);
    }
    expect(count(kindsOf(tpp), "refresh-refused")).toBe(1);
    expect(it.saved).toEqual([]);
  });

  test("is not used again when the new one could not be saved: the save is repeated, then all goes on", async () => {
    await using tpp = await startTpp();
    let failures = 2;
    const { refreshToken } = await grantOf(tpp);
    await using it = connectTo(tpp, {
      secrets: { refreshToken },
      save: async () => {
        failures -= 1;
        if (failures >= 0) throw new Error("the API server is away");
      },
    });
    for (let round = 0; round < 2; round += 1)
      expect(await failureOf(it.sign())).toMatchObject({ message: "the API server is away" });
    expect(count(kindsOf(tpp), "order")).toBe(0);
    await it.sign();
    expect(count(kindsOf(tpp), "refresh")).toBe(1);
    expect(it.saved).toHaveLength(1);
  });

  test("is saved even when the issuer stops meanwhile", async () => {
    await using tpp = await startTpp();
    const { refreshToken } = await grantOf(tpp);
    const it = connectTo(tpp, { secrets: { refreshToken } });
    tpp.control.faults.delayNext(300, { path: "authorize/token" });
    const signing = failureOf(it.sign());
    await expect.poll(() => tpp.calls.some(({ path }) => path.endsWith("authorize/token"))).toBe(true);
    await it.signer.close?.();
    expect(it.saved).toEqual([{ refreshToken: expect.any(String) }]);
    await signing.catch(() => {});
    await it[Symbol.asyncDispose]();
  });

  test("of another client says that the client id is wrong, where TPP says so", async () => {
    await using tpp = await startTpp();
    tpp.control.faults.failNext(
      { status: 400, json: { error: "invalid_client", error_description: "Client ID is unknown" } },
      { path: "authorize/token" },
    );
    await using it = connectTo(tpp, { secrets: { refreshToken: "r", clientId: "other" } });
    expect((await failureOf(it.check())).message).toContain("Correct client-id in the Secret");
  });
});

describe("a client certificate login", () => {
  test("gets a grant for the certificate's user", async () => {
    const { ca, cert, key } = await clientIdentity("issuer");
    await using it = await rig({ secrets: { clientCert: cert, clientKey: key } }, { clientCaPem: ca });
    await it.issue();
    expect(it.tpp.ledger.entries[0]).toMatchObject({ kind: "grant", how: "certificate" });
  });

  test("says what to look at where it is refused", async () => {
    const { ca, cert, key } = await clientIdentity("stranger");
    const tpp = { maxTLSVersion: "1.2" };
    await using it = await rig({ tpp, secrets: { clientCert: cert, clientKey: key } }, { clientCaPem: ca });
    const error = await failureOf(it.check());
    expect(error).toMatchObject({ code: "ISSUER" });
    expect(error.message).toContain("maxTLSVersion");
  });
});

describe("a JWT login", () => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const mapping = {
    ...{ issuer: "https://k8s", audience: "tpp", username: "local:issuer" },
    jwks: [publicKey.export({ format: "jwk" })],
  };
  const inTenMinutes = Math.floor(Date.now() / 1000) + 600;
  const jwt = (exp = inTenMinutes) =>
    signJwt({ iss: "https://k8s", aud: "tpp", sub: "system:serviceaccount:team:venafi", exp }, privateKey);

  test("shows a new token of the service account for each login", async () => {
    await using it = await rig(
      {
        tpp: { serviceAccountRef: { name: "venafi", audiences: ["tpp"] } },
        requestToken: async () => jwt(),
      },
      { jwtMappings: [mapping] },
    );
    await it.issue();
    it.tpp.control.revokeGrants();
    await it.issue();
    expect(it.tokenRequests.map(({ name, audiences }) => ({ name, audiences }))).toEqual([
      { name: "venafi", audiences: ["tpp"] },
      { name: "venafi", audiences: ["tpp"] },
    ]);
    expect(it.tpp.ledger.entries[0]).toMatchObject({ kind: "grant", how: "jwt" });
  });

  test("takes one from the Secret, and reports its end", async () => {
    await using it = await rig({ secrets: { jwt: jwt() } }, { jwtMappings: [mapping] });
    await it.check();
    expect(it.credentials).toEqual([{ credential: "jwt", expiresAt: inTenMinutes * 1000 }]);
  });

  test("names audience and service account where it is refused", async () => {
    await using it = await rig({ tpp: { serviceAccountRef: { name: "venafi" } } });
    const error = await failureOf(it.check());
    expect(error).toMatchObject({ code: "ISSUER" });
    expect(error.message).toMatch(/JWT mapping.*service account venafi, for 127\.0\.0\.1:\d+/);
  });
});

function kindsOf(tpp: Tpp): readonly string[] {
  return tpp.ledger.entries.map(({ kind }) => kind);
}

async function clientIdentity(commonName: string) {
  const day = 86_400_000;
  const ca = newSelfSignedCa({
    commonName: "Clients",
    notBefore: new Date(Date.now() - day),
    notAfter: new Date(Date.now() + day),
  });
  const key = newPrivateKey({ name: "EC", curve: "P-256" });
  const { pem } = await buildCertificate({
    csr: parseCsr(await buildCsr({ key, commonName })),
    caCertificate: ca.certificate,
    signer: softwareCaSigner(ca.key),
    serial: deterministicSerial(commonName),
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
    isCA: false,
    usages: ["digital signature", "client auth"],
  });
  return { ca: ca.certificate.pem, cert: pem, key: String(key.export({ format: "pem", type: "pkcs8" })) };
}
