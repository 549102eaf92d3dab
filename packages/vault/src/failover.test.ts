import { RetryableError } from "@countersign/issuer-signer";
import { describe, expect, test } from "vitest";
import { connectTo, failureOf, signing } from "./connect-fixture.ts";
import { FakeVault, granted, refused } from "./fake-vault-fixture.ts";

const sign = "POST pki/sign/web";
const appRole = {
  vault: { auth: { appRole: { path: "approle", roleId: "role", secretRef: { name: "s" } } } },
  secrets: { secretId: "secret" },
};

/** Two servers that both sign. */
async function pair() {
  const stack = new AsyncDisposableStack();
  const [first, second] = [stack.use(await FakeVault.start()), stack.use(await FakeVault.start())];
  for (const fake of [first, second]) signing(fake);
  return { first, second, urls: [first.url, second.url], [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

describe("several servers", () => {
  test("the first one serves as long as it works", async () => {
    await using servers = await pair();
    await using vault = connectTo(servers.urls);
    await vault.check();
    await vault.sign();
    expect(servers.first.count(sign)).toBe(1);
    expect(servers.second.calls).toEqual([]);
  });

  test.each([472, 474, 501, 503, 530])("one whose health is %i is left for the next", async (status) => {
    await using servers = await pair();
    servers.first.routes["GET sys/health"] = refused(status, "");
    await using vault = connectTo(servers.urls);
    await vault.check();
    await vault.sign();
    expect(servers.first.calls.map(({ path }) => path)).toEqual(["sys/health"]);
    expect(servers.second.count(sign)).toBe(1);
  });

  test.each([200, 429, 473])("one whose health is %i serves", async (status) => {
    await using servers = await pair();
    servers.first.routes["GET sys/health"] = { status };
    await using vault = connectTo(servers.urls);
    await vault.check();
    await vault.sign();
    expect(servers.second.calls).toEqual([]);
  });

  test.each([
    ["is sealed", 503, "Vault is sealed"],
    ["is a DR secondary", 472, ""],
    ["is a cut-off standby", 474, ""],
    ["is not initialised", 501, ""],
    ["was removed", 530, ""],
    ["has no active server", 500, "local node not active but active cluster node not found"],
  ])("a request goes on to the next where one %s", async (_, status, text) => {
    await using servers = await pair();
    servers.first.routes[sign] = refused(status, text);
    await using vault = connectTo(servers.urls);
    await vault.sign();
    await vault.sign();
    expect(servers.first.count(sign)).toBe(1);
    expect(servers.second.count(sign)).toBe(2);
  });

  test("a request goes on to the next where one cannot be connected to", async () => {
    await using servers = await pair();
    const [gone] = [await FakeVault.start()];
    const url = gone.url;
    await gone[Symbol.asyncDispose]();
    await using vault = connectTo([url, ...servers.urls]);
    await vault.sign();
    expect(servers.first.count(sign)).toBe(1);
  });

  test("a request that may have been issued is not sent to the next, which the next request asks", async () => {
    await using servers = await pair();
    servers.first.routes[sign] = "reset";
    await using vault = connectTo(servers.urls);
    expect(await failureOf(vault.sign())).toMatchObject({ code: "RETRYABLE", issuedNothing: false });
    expect(servers.second.count(sign)).toBe(0);
    await vault.sign();
    expect(servers.second.count(sign)).toBe(1);
  });

  test("a refusal is the answer, whoever else could be asked", async () => {
    await using servers = await pair();
    servers.first.routes[sign] = refused(400, "common name x not allowed by this role");
    await using vault = connectTo(servers.urls);
    expect(await failureOf(vault.sign())).toMatchObject({ code: "REQUEST_REJECTED" });
    expect(servers.second.calls).toEqual([]);
  });

  test("a login goes on to the next, and another cluster's token is replaced by a login there", async () => {
    await using servers = await pair();
    const { first, second } = servers;
    first.routes["POST auth/approle/login"] = granted("first");
    second.routes["POST auth/approle/login"] = granted("second");
    const signed = second.routes[sign];
    second.routes[sign] = (call) =>
      call.token === "second" && typeof signed === "function"
        ? signed(call)
        : refused(403, "permission denied");
    await using vault = connectTo(servers.urls, appRole);
    await vault.sign();
    first.routes[sign] = refused(503, "Vault is sealed");
    await vault.sign();
    expect(second.calls.map(({ path, token }) => [path, token])).toEqual([
      ["pki/sign/web", "first"],
      ["auth/approle/login", undefined],
      ["pki/sign/web", "second"],
    ]);
    first.routes["POST auth/approle/login"] = refused(503, "Vault is sealed");
    await using other = connectTo(servers.urls, appRole);
    await other.sign();
    expect(second.count("POST auth/approle/login")).toBe(2);
  });

  test("Kubernetes being away is no fault of Vault's servers, and is told in its own words", async () => {
    await using servers = await pair();
    for (const fake of [servers.first, servers.second])
      fake.routes["POST auth/kubernetes/login"] = granted("t");
    let isAway = true;
    await using vault = connectTo(servers.urls, {
      vault: { auth: { kubernetes: { role: "web", serviceAccountRef: { name: "issuer" } } } },
      async requestToken() {
        if (isAway) throw new RetryableError("The API server is away.", { issuedNothing: true });
        return "jwt";
      },
    });
    for (let calls = 0; calls < 8; calls += 1)
      expect(await failureOf(vault.sign())).toMatchObject({
        ...{ code: "RETRYABLE", issuedNothing: true, message: "The API server is away." },
      });
    expect(vault.tokenRequests).toHaveLength(8);
    isAway = false;
    await vault.sign();
    expect(servers.first.count(sign)).toBe(1);
  });

  test("with all of them down the error says so, and that nothing was issued", async () => {
    await using servers = await pair();
    for (const fake of [servers.first, servers.second]) fake.routes[sign] = refused(503, "Vault is sealed");
    await using vault = connectTo(servers.urls);
    const error = await failureOf(vault.sign());
    expect(error).toMatchObject({ code: "RETRYABLE", issuedNothing: true });
    expect(error.message).toContain("sealed");
  });
});

describe("redirects", () => {
  /** A standby that sends callers to `location`. */
  const redirect = (status: number, location: string) => ({ status, headers: { location }, body: "" });

  test.each([307, 308])("%i leads to a server of the issuer, with method, body and token", async (status) => {
    await using servers = await pair();
    const { first, second } = servers;
    first.routes[sign] = redirect(status, `${second.url}/v1/pki/sign/web`);
    await using vault = connectTo(servers.urls, { vault: { namespace: "team" } });
    await vault.sign();
    expect(second.calls).toMatchObject([
      { method: "POST", path: "pki/sign/web", token: "root", namespace: "team", json: { format: "pem" } },
    ]);
  });

  test("a relative one stays with the server", async () => {
    await using servers = await pair();
    servers.first.routes[sign] = redirect(307, "/v1/elsewhere");
    signing(servers.first, "elsewhere");
    await using vault = connectTo(servers.urls);
    await vault.sign();
    expect(servers.first.count("POST elsewhere")).toBe(1);
  });

  test.each([307, 308])(
    "%i to a server that the issuer does not name is not followed: it would get the token",
    async (status) => {
      await using servers = await pair();
      const { first, second } = servers;
      first.routes["GET sys/health"] = redirect(status, `${second.url}/v1/sys/health`);
      await using vault = connectTo(first.url);
      const error = await failureOf(vault.check());
      expect(error).toMatchObject({ code: "RETRYABLE", issuedNothing: true });
      expect(error.message).toContain("Add every server");
      expect(second.calls).toEqual([]);
    },
  );

  test("several servers are told not to forward a request, so that a redirect means that nothing was done", async () => {
    await using servers = await pair();
    await using vault = connectTo(servers.urls, appRole);
    servers.first.routes["POST auth/approle/login"] = granted("t");
    await vault.sign();
    const forwarding = servers.first.calls.map(({ path, headers }) => [
      path,
      headers["x-vault-no-request-forwarding"],
    ]);
    expect(Object.fromEntries(forwarding)).toEqual({
      "auth/approle/login": undefined,
      "pki/sign/web": "true",
    });
  });

  test("one server may forward, and its redirect may come after the certificate", async () => {
    await using fake = await FakeVault.start();
    signing(fake, "elsewhere");
    fake.routes[sign] = redirect(307, "/v1/elsewhere");
    await using vault = connectTo(fake.url);
    const error = await failureOf(vault.sign());
    expect(error).toMatchObject({ code: "RETRYABLE", issuedNothing: false });
    expect(error.message).toContain("Name every server");
    expect(fake.calls.map(({ path, headers }) => [path, headers["x-vault-no-request-forwarding"]])).toEqual([
      ["pki/sign/web", undefined],
    ]);
  });

  test("one to another server leaves the request to the issuer's next server", async () => {
    await using servers = await pair();
    await using stranger = await FakeVault.start();
    servers.first.routes[sign] = redirect(307, `${stranger.url}/v1/pki/sign/web`);
    await using vault = connectTo(servers.urls);
    await vault.sign();
    expect(servers.second.count(sign)).toBe(1);
    expect(stranger.calls).toEqual([]);
  });

  test.each([
    ["nowhere", {}],
    ["no URL", { location: "http://[" }],
  ])("one to %s leaves the request to the next server", async (_, headers) => {
    await using servers = await pair();
    servers.first.routes[sign] = { status: 307, headers, body: "" };
    await using vault = connectTo(servers.urls);
    await vault.sign();
    expect(servers.second.count(sign)).toBe(1);
  });

  test("two servers that send to each other are not asked for ever", async () => {
    await using servers = await pair();
    const { first, second } = servers;
    first.routes[sign] = redirect(307, `${second.url}/v1/pki/sign/web`);
    second.routes[sign] = redirect(307, `${first.url}/v1/pki/sign/web`);
    await using vault = connectTo(servers.urls);
    expect(await failureOf(vault.sign())).toMatchObject({ code: "RETRYABLE", issuedNothing: true });
    expect(first.count(sign) + second.count(sign)).toBeLessThanOrEqual(6);
  });

  test.each([301, 302, 303])("%i is not followed, and says nothing of what was done", async (status) => {
    await using servers = await pair();
    servers.first.routes[sign] = redirect(status, `${servers.second.url}/v1/pki/sign/web`);
    await using vault = connectTo(servers.urls);
    expect(await failureOf(vault.sign())).toMatchObject({ code: "RETRYABLE", issuedNothing: false });
    expect(servers.second.calls).toEqual([]);
  });
});
