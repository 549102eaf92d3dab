import { describe, expect, test } from "vitest";
import { type ConnectOptions, connectTo, failureOf } from "./connect-fixture.ts";
import { fakeTls } from "./fake-tls-fixture.ts";
import { FakeVault, refused } from "./fake-vault-fixture.ts";

const denied = refused(403, "1 error occurred:\n\t* permission denied\n\n");

describe("check", () => {
  test.each([
    [472, "disaster recovery"],
    [474, "standby"],
    [501, "not initialised"],
    [503, "unseal"],
    [530, "removed"],
    [500, "log"],
    [502, "log"],
  ])("health %i is told, and tried again", async (status, words) => {
    await using fake = await FakeVault.start();
    fake.routes["GET sys/health"] = { status };
    await using vault = connectTo(fake.url);
    const error = await failureOf(vault.check());
    expect(error).toMatchObject({ code: "RETRYABLE" });
    expect(error.message).toContain(words);
    expect(fake.calls).toHaveLength(1);
  });

  test.each([400, 403, 404, 405])(
    "health %i says nothing: a listener may be closed to it",
    async (status) => {
      await using fake = await FakeVault.start();
      fake.routes["GET sys/health"] = { status };
      await using vault = connectTo(fake.url);
      await vault.check();
    },
  );

  test.each([[["update"]], [["root"]], [["create", "read", "update"]]])(
    "%j may sign",
    async (capabilities) => {
      await using fake = await FakeVault.start();
      fake.routes["POST sys/capabilities-self"] = { body: { data: { "pki/sign/web": capabilities } } };
      await using vault = connectTo(fake.url);
      await vault.check();
      expect(fake.calls[1]?.json).toEqual({ paths: ["pki/sign/web"] });
    },
  );

  test.each([[["deny"]], [["create"]], [["read", "list", "sudo"]]])("%j may not", async (capabilities) => {
    await using fake = await FakeVault.start();
    fake.routes["POST sys/capabilities-self"] = { body: { data: { capabilities } } };
    await using vault = connectTo(fake.url);
    const error = await failureOf(vault.check());
    expect(error).toMatchObject({ code: "ISSUER" });
    expect(error.message).toContain('"update" on pki/sign/web');
  });

  test.each([
    ["403", denied],
    ["404", refused(404)],
    ["an answer without capabilities", { body: { data: {} } }],
  ])("a token that may not ask, by %s, may sign all the same", async (_, answer) => {
    await using fake = await FakeVault.start();
    fake.routes["POST sys/capabilities-self"] = answer;
    fake.routes["GET auth/token/lookup-self"] = denied;
    await using vault = connectTo(fake.url);
    await vault.check();
  });

  test("a token that is refused makes the issuer not ready", async () => {
    await using fake = await FakeVault.start();
    for (const text of [
      "permission denied",
      "2 errors occurred:\n\t* permission denied\n\t* invalid token",
    ]) {
      fake.routes["POST sys/capabilities-self"] = refused(403, text);
      await using vault = connectTo(fake.url);
      const error = await failureOf(vault.check());
      expect(error).toMatchObject({ code: "ISSUER" });
      expect(error.message).toContain("Store a new one");
    }
  });
});

describe("TLS", () => {
  test("trusts the bundle of the spec, of a Secret or of a ConfigMap, and by the server's name", async () => {
    const { ca, serverOptions } = await fakeTls();
    await using fake = await FakeVault.startTls(serverOptions);
    const sources: ConnectOptions[] = [
      { vault: { caBundle: Buffer.from(ca).toString("base64") } },
      { vault: { caBundleSecretRef: { name: "ca" } }, secrets: { token: "root", caBundle: ca } },
      { caBundle: ca },
      { caBundle: ca, vault: { serverName: "vault.example.com" } },
    ];
    for (const options of sources) {
      await using vault = connectTo(fake.url, options);
      await vault.check();
    }
    for (const options of [{}, { caBundle: ca, vault: { serverName: "other.example.com" } }]) {
      await using vault = connectTo(fake.url, options);
      expect(await failureOf(vault.check())).toMatchObject({ code: "ISSUER" });
    }
  });

  test.each<[string, ConnectOptions]>([
    ["two bundles", { vault: { caBundle: "eA==" }, caBundle: "x" }],
    ["a bundle that is none", { vault: { caBundle: Buffer.from("no PEM").toString("base64") } }],
    ["an empty bundle", { caBundle: "" }],
    ["a certificate without its key", { secrets: { token: "root", clientCert: "x" } }],
    ["a path and the parts of one", { vault: { path: "pki/sign/web", role: "x" } }],
    ["a server with a query", { vault: {} }],
  ])("refuses %s when the issuer is connected", (what, options) => {
    const server = what.includes("query") ? "https://vault.example.com/?x=1" : "https://vault.example.com";
    expect(() => connectTo(server, options)).toThrow(expect.objectContaining({ code: "ISSUER" }));
  });
});
