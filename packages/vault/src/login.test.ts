import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { type ConnectOptions, connectTo, failureOf, signing } from "./connect-fixture.ts";
import { fakeTls } from "./fake-tls-fixture.ts";
import { type FakeAnswer, FakeVault, granted, refused } from "./fake-vault-fixture.ts";

const appRole = {
  vault: { auth: { appRole: { path: "approle", roleId: "role", secretRef: { name: "s" } } } },
  secrets: { secretId: "secret\n" },
} satisfies ConnectOptions;
const kubernetes = {
  vault: { auth: { kubernetes: { role: "web", serviceAccountRef: { name: "issuer" } } } },
} satisfies ConnectOptions;
const jwt = {
  vault: { auth: { jwt: { role: "web", serviceAccountRef: { name: "issuer" } } } },
} satisfies ConnectOptions;

describe("every method posts what Vault wants, at every spelling of its mount", () => {
  test.each<[string, ConnectOptions, string, object]>([
    ["AppRole", appRole, "auth/approle/login", { role_id: "role", secret_id: "secret" }],
    [
      "AppRole with the role id in a Secret",
      {
        vault: {
          auth: {
            appRole: { path: "/v1/auth/team/approle", roleIdRef: { name: "s" }, secretRef: { name: "s" } },
          },
        },
        secrets: { roleId: "from-secret ", secretId: "secret" },
      },
      "auth/team/approle/login",
      { role_id: "from-secret", secret_id: "secret" },
    ],
    ["Kubernetes", kubernetes, "auth/kubernetes/login", { role: "web", jwt: "jwt-1" }],
    [
      "Kubernetes with a stored token",
      {
        vault: { auth: { kubernetes: { mountPath: "k8s", role: "web", secretRef: { name: "s" } } } },
        secrets: { jwt: "stored\n" },
      },
      "auth/k8s/login",
      { role: "web", jwt: "stored" },
    ],
    ["JWT", jwt, "auth/jwt/login", { role: "web", jwt: "jwt-1" }],
    [
      "JWT without a role, with a stored token",
      {
        vault: { auth: { jwt: { mountPath: "/v1/auth/oidc", secretRef: { name: "s" } } } },
        secrets: { jwt: "j" },
      },
      "auth/oidc/login",
      { jwt: "j" },
    ],
  ])("%s", async (_, options, path, body) => {
    await using fake = await FakeVault.start();
    signing(fake);
    fake.routes[`POST ${path}`] = granted("t1");
    await using vault = connectTo(fake.url, options);
    await vault.check();
    await vault.sign();
    await vault.sign();
    expect(fake.calls.filter((call) => call.path === path).map(({ json }) => json)).toEqual([body]);
    expect(fake.calls.filter((call) => call.path.startsWith("pki")).map(({ token }) => token)).toEqual([
      "t1",
      "t1",
    ]);
  });

  test("Kubernetes asks for a token of the issuer's own audience, those of the spec and the servers", async () => {
    await using fake = await FakeVault.start();
    fake.routes["POST auth/kubernetes/login"] = granted("t");
    const serviceAccountRef = { name: "issuer", audiences: ["extra", fake.url] };
    const vault = { auth: { kubernetes: { role: "web", serviceAccountRef } } };
    await using namespaced = connectTo(fake.url, { vault });
    await using cluster = connectTo(`${fake.url}/`, { vault, issuer: { namespace: "" } });
    await namespaced.check();
    await cluster.check();
    expect(namespaced.tokenRequests).toMatchObject([
      { name: "issuer", audiences: ["extra", fake.url, "vault://team/ca"] },
    ]);
    expect(cluster.tokenRequests).toMatchObject([{ audiences: ["extra", fake.url, "vault://ca"] }]);
  });

  test("a certificate logs in with its own connection, and the rest goes over the transport's", async () => {
    const { serverOptions, ca, clients } = await fakeTls(["login", "transport"]);
    await using fake = await FakeVault.startTls(serverOptions);
    signing(fake);
    fake.routes["POST auth/cert/login"] = granted("t", { lease_duration: 3600 });
    const base = { clientCertSecretRef: { name: "t" }, clientKeySecretRef: { name: "t" } };
    const transport = { clientCert: clients.transport?.cert, clientKey: clients.transport?.key };
    await using own = connectTo(fake.url, {
      vault: { ...base, auth: { clientCertificate: { secretName: "c", name: "web" } } },
      secrets: { ...transport, loginCert: clients.login?.cert, loginKey: clients.login?.key },
      caBundle: ca,
    });
    await own.sign();
    expect(fake.calls.map(({ path, clientName, json }) => [path, clientName, json.name])).toEqual([
      ["auth/cert/login", "login", "web"],
      ["pki/sign/web", "transport", undefined],
    ]);
    fake.calls.length = 0;
    await using shared = connectTo(fake.url, {
      vault: { ...base, auth: { clientCertificate: { mountPath: "cert" } } },
      secrets: { ...transport },
      caBundle: ca,
    });
    await shared.sign();
    expect(fake.calls[0]).toMatchObject({ path: "auth/cert/login", clientName: "transport", json: {} });
  });

  test("a token from a Secret is used as it is: never renewed, never given back, its end is told", async () => {
    await using fake = await FakeVault.start();
    signing(fake);
    fake.routes["GET auth/token/lookup-self"] = { body: { data: { expire_time: "2030-01-01T00:00:00.5Z" } } };
    {
      await using vault = connectTo(fake.url, { secrets: { token: "root\n" } });
      await vault.check();
      await vault.sign();
      expect(vault.credentials).toEqual([
        { credential: "token", expiresAt: Date.UTC(2030, 0, 1, 0, 0, 0, 500) },
      ]);
    }
    expect(fake.calls.map(({ path }) => path)).toEqual([
      "sys/health",
      "sys/capabilities-self",
      "auth/token/lookup-self",
      "pki/sign/web",
    ]);
  });

  test("a token that may not be looked up, or has no end, tells nothing and is no fault", async () => {
    await using fake = await FakeVault.start();
    await using vault = connectTo(fake.url);
    for (const answer of [
      refused(403, "1 error occurred:\n\t* permission denied\n\n"),
      { body: { data: { expire_time: null } } },
    ]) {
      fake.routes["GET auth/token/lookup-self"] = answer;
      await vault.check();
    }
    expect(vault.credentials).toEqual([]);
  });
});

describe("the token of a login", () => {
  test("is given back when the signer closes, and one of a batch is not", async () => {
    await using fake = await FakeVault.start();
    signing(fake);
    for (const [tokenType, revocations] of [
      ["service", 1],
      ["batch", 1],
    ] as const) {
      fake.routes["POST auth/approle/login"] = granted("t", { token_type: tokenType });
      fake.routes["POST auth/token/revoke-self"] = { status: 204, body: "" };
      await using vault = connectTo(fake.url, appRole);
      await vault.sign();
      await vault.signer.close?.();
      expect(fake.count("POST auth/token/revoke-self")).toBe(revocations);
    }
  });

  test.each([
    [403, "permission denied"],
    [403, "2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n"],
  ])("is replaced once where Vault answers %i %j, and the call is made again", async (status, text) => {
    await using fake = await FakeVault.start();
    let logins = 0;
    fake.routes["POST auth/approle/login"] = () => granted(`t${++logins}`);
    signing(fake);
    const sign = fake.routes["POST pki/sign/web"];
    fake.routes["POST pki/sign/web"] = (call) =>
      call.token === "t1" ? refused(status, text) : typeof sign === "function" ? sign(call) : "reset";
    await using vault = connectTo(fake.url, appRole);
    await Promise.all([vault.sign(), vault.sign(), vault.sign()]);
    expect(logins).toBe(2);
    fake.routes["POST pki/sign/web"] = refused(status, text);
    expect(await failureOf(vault.sign())).toMatchObject({ code: "ISSUER" });
    expect(logins).toBe(3);
  });

  test("is kept where a policy denies the call: another would be denied as well", async () => {
    await using fake = await FakeVault.start();
    fake.routes["POST auth/approle/login"] = granted("t");
    fake.routes["POST pki/sign/web"] = refused(403, "1 error occurred:\n\t* permission denied\n\n");
    await using vault = connectTo(fake.url, appRole);
    for (let at = 0; at < 5; at += 1) expect(await failureOf(vault.sign())).toMatchObject({ code: "ISSUER" });
    expect(fake.count("POST auth/approle/login")).toBe(1);
  });
});

/** The error of a check whose login is answered so. */
async function loginErrorOf(options: ConnectOptions, path: string, answer: FakeAnswer): Promise<Error> {
  await using fake = await FakeVault.start();
  fake.routes[`POST ${path}`] = answer;
  await using vault = connectTo(fake.url, options);
  return await failureOf(vault.check());
}

describe("a login that is refused is the issuer's trouble, and says what to look at", () => {
  test.each<[string, ConnectOptions, number, string, string]>([
    ["auth/approle/login", appRole, 400, "invalid role or secret ID", "used up"],
    ["auth/approle/login", appRole, 403, "permission denied", "mounted at auth/approle"],
    ["auth/kubernetes/login", kubernetes, 400, 'invalid role name "web"', "role does not exist"],
    [
      "auth/kubernetes/login",
      kubernetes,
      403,
      "invalid audience (aud) claim: audience claim does not match any expected audience",
      "vault://team/ca",
    ],
    [
      "auth/kubernetes/login",
      kubernetes,
      403,
      "service account name not authorized",
      "bound_service_account_names",
    ],
    [
      "auth/kubernetes/login",
      kubernetes,
      403,
      "namespace not authorized",
      "bound_service_account_namespaces",
    ],
    ["auth/kubernetes/login", kubernetes, 403, "permission denied", "system:auth-delegator"],
    ["auth/kubernetes/login", kubernetes, 403, "service account token is expired", "clocks"],
    ["auth/kubernetes/login", kubernetes, 500, "could not load backend configuration", "kubernetes_host"],
    ["auth/jwt/login", jwt, 400, 'role "web" could not be found', "role web does not exist"],
    ["auth/jwt/login", jwt, 400, "error validating token: invalid audience (aud) claim", "vault://team/ca"],
    ["auth/jwt/login", jwt, 400, "error validating token: invalid subject (sub) claim", "bound_subject"],
    ["auth/jwt/login", jwt, 400, "error validating token: token is expired", "clocks"],
    ["auth/jwt/login", jwt, 400, "error validating signature", "keys"],
    ["auth/approle/login", appRole, 404, "namespace not found", "namespace does not exist"],
  ])("%s %#", async (path, options, status, text, words) => {
    const error = await loginErrorOf(options, path, refused(status, text));
    expect(error).toMatchObject({ code: "ISSUER" });
    expect(error.message).toContain(words);
    expect(error.message).not.toMatch(/\n/);
    expect(Buffer.byteLength(error.message)).toBeLessThan(1024);
  });

  test.each([
    [400, "no client certificate found", "No client certificate arrived"],
    [400, "invalid certificate or no client certificate supplied", "No role at auth/cert accepts"],
  ])("a certificate: %i %s", async (status, text, words) => {
    const options = { vault: { auth: { clientCertificate: { name: "web" } } } };
    const error = await loginErrorOf(options, "auth/cert/login", refused(status, text));
    expect(error).toMatchObject({ code: "ISSUER" });
    expect(error.message).toContain(words);
  });

  test.each([
    [503, "Vault is sealed"],
    [500, "internal error"],
    [502, "<html>"],
    [429, "rate limit quota exceeded"],
    [418, "teapot"],
  ])("%i %s passes, and has issued nothing", async (status, text) => {
    const error = await loginErrorOf(appRole, "auth/approle/login", refused(status, text));
    expect(error).toMatchObject({ code: "RETRYABLE", issuedNothing: true });
  });

  test.each([
    ["a second factor", { auth: { client_token: "", mfa_requirement: { id: "1" } } }, "second factor"],
    ["no token", { auth: null }, "without a token"],
    ["HTML", "<html></html>", "without a token"],
  ])("an answer with %s is no login", async (_, body, words) => {
    const error = await loginErrorOf(appRole, "auth/approle/login", { body });
    expect(error).toMatchObject({ code: "ISSUER" });
    expect(error.message).toContain(words);
  });

  test("no secret is in any of its errors", async () => {
    const secret = createHash("sha256").update("x").digest("hex");
    const options = { ...appRole, secrets: { secretId: secret } };
    const error = await loginErrorOf(options, "auth/approle/login", refused(400, `invalid ${secret}`));
    expect(JSON.stringify([error.message, error.cause, error.stack])).not.toContain(secret);
  });
});

describe("credentials that can never work are refused when they are read", () => {
  test.each<[ConnectOptions, string]>([
    [{ secrets: { token: " \n" } }, "token"],
    [{ ...appRole, secrets: { secretId: "" } }, "secret id"],
    [
      {
        vault: { auth: { kubernetes: { role: "r", secretRef: { name: "s" } } } },
        secrets: { jwt: "\n" },
      },
      "JWT",
    ],
  ])("%#", (options, words) => {
    const connect = () => connectTo("https://vault.example.com", options);
    expect(connect).toThrow(expect.objectContaining({ code: "ISSUER" }));
    expect(connect).toThrow(words);
  });
});
