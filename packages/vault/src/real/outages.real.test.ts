import { setTimeout as delay } from "node:timers/promises";
import { parseCertificate } from "@countersign/issuer-signer";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeWithRigs, VAULT } from "../../../../test/rigs/rigs.ts";
import { startVault, type Vault } from "../../../../test/rigs/vault.ts";
import { VAULT_FLAVOURS } from "../../../../test/rigs/vault-node.ts";
import { writePolicy } from "../../../../test/rigs/vault-pki.ts";
import { expectVault, vaultWrite } from "../../../../test/rigs/vault-request.ts";
import { failureOf } from "../connect-fixture.ts";
import { connect, connectWithToken, webRequest } from "./connect.ts";
import { countTokens, issuerPaths, mountPki, newToken, type PkiMount } from "./pki-mount.ts";

for (const flavour of VAULT_FLAVOURS) {
  describeWithRigs(VAULT[flavour], `${flavour}: bad days`, () => {
    let vault: Vault;
    let pki: PkiMount;
    const policy = "pki";
    beforeAll(async () => {
      vault = await startVault({ flavour });
      pki = await mountPki(vault);
      await vaultWrite(vault, "sys/auth/approle", { type: "approle" });
    });
    afterAll(() => vault?.stop());

    const path = () => `${pki.mount}/sign/web`;

    /** An issuer that logs in by a role with these settings. */
    async function byAppRole(name: string, settings: object) {
      await vaultWrite(vault, `auth/approle/role/${name}`, { token_policies: [policy], ...settings });
      const { data } = await expectVault(vault, "GET", `auth/approle/role/${name}/role-id`);
      const { secret_id: secretId } = await vaultWrite(vault, `auth/approle/role/${name}/secret-id`, {});
      const auth = { appRole: { roleId: data?.role_id, secretRef: { name: "s" } } };
      return connect(vault, { vault: { path: path(), auth }, secrets: { secretId: String(secretId) } });
    }

    /** Signs from `parallel` callers until the time is over; how many succeeded, and what failed. */
    async function load(issuer: Awaited<ReturnType<typeof byAppRole>>, ms: number, parallel = 8) {
      const end = Date.now() + ms;
      const failures: Error[] = [];
      let signed = 0;
      const request = await webRequest();
      const caller = async () => {
        while (Date.now() < end)
          await issuer.sign(request).then(
            () => {
              signed += 1;
            },
            (error: Error) => void failures.push(error),
          );
      };
      await Promise.all(Array.from({ length: parallel }, caller));
      return { signed, failures: failures.map(({ message }) => message) };
    }

    test.each([
      ["renewed", {}],
      ["replaced at its greatest age", { token_max_ttl: "4s" }],
      ["batch", { token_type: "batch" }],
    ])("a token of 2 s that is %s fails no request under load", async (name, settings) => {
      const before = await countTokens(vault);
      {
        await using issuer = await byAppRole(`short-${name.length}`, { token_ttl: "2s", ...settings });
        const { signed, failures } = await load(issuer, 10_000);
        expect(failures).toEqual([]);
        expect(signed).toBeGreaterThan(100);
        // Ten seconds with tokens of two: one is in use, one may be on its way out.
        expect((await countTokens(vault)) - before).toBeLessThanOrEqual(3);
      }
      await expect.poll(() => countTokens(vault), { timeout: 5_000 }).toBe(before);
    });

    test("a token that may be used once is replaced for each call", async () => {
      await using issuer = await byAppRole("once", { token_num_uses: 1 });
      for (let at = 0; at < 5; at += 1) await issuer.sign(await webRequest());
    });

    test("a token that is revoked in use fails no request", async () => {
      await using issuer = await byAppRole("revoked", { token_ttl: "1h" });
      await issuer.sign(await webRequest());
      const running = load(issuer, 3_000);
      for (let at = 0; at < 5; at += 1) {
        await delay(500);
        await expectVault(vault, "POST", "sys/leases/revoke-prefix/auth/approle/login");
      }
      const { signed, failures } = await running;
      expect(failures).toEqual([]);
      expect(signed).toBeGreaterThan(50);
    });

    test("a stored token that is revoked makes the issuer wait", async () => {
      const token = await newToken(vault, policy);
      await using issuer = connectWithToken(vault, path(), token);
      await issuer.check();
      await vaultWrite(vault, "auth/token/revoke", { token });
      for (const call of [issuer.check, async () => issuer.sign(await webRequest())]) {
        const error = await failureOf(call());
        expect(error).toMatchObject({ code: "ISSUER" });
        expect(error.message).toContain("Store a new one");
      }
    });

    test("a sealed Vault is down for the check and for requests, and serves when it is unsealed", async () => {
      await using issuer = await byAppRole("sealed", {});
      await issuer.check();
      await vault.seal();
      try {
        const error = await failureOf(issuer.check());
        expect(error).toMatchObject({ code: "RETRYABLE" });
        expect(error.message).toContain("unseal");
        expect(await failureOf(issuer.sign(await webRequest()))).toMatchObject({
          ...{ code: "RETRYABLE", issuedNothing: true },
        });
      } finally {
        await vault.unseal();
      }
      await issuer.check();
      await issuer.sign(await webRequest());
    });

    test("a quota is waited for, and no login is made for it", async () => {
      await using issuer = await byAppRole("quota", {});
      await issuer.sign(await webRequest());
      await vaultWrite(vault, "sys/quotas/rate-limit/sign", { path: `${pki.mount}/`, rate: 2 });
      try {
        const tokens = await countTokens(vault);
        const requests = await Promise.all(Array.from({ length: 12 }, (_, at) => webRequest(`quota-${at}`)));
        const ends = await Promise.allSettled(requests.map((request) => issuer.sign(request)));
        const refused = ends.flatMap((end) => (end.status === "rejected" ? [end.reason as Error] : []));
        expect(refused.length).toBeGreaterThan(5);
        for (const error of refused) expect(error).toMatchObject({ code: "RETRYABLE", issuedNothing: true });
        expect(refused[0]).toMatchObject({ retryAfterMs: expect.any(Number) });
        expect(await countTokens(vault)).toBe(tokens);
      } finally {
        await expectVault(vault, "DELETE", "sys/quotas/rate-limit/sign");
      }
      await issuer.sign(await webRequest());
    });

    test.each([
      ["a role that is not there", "pki_int/sign/nobody", "ISSUER", "no role nobody at pki_int"],
      ["a mount that is not there", "nowhere/sign/web", "ISSUER", "nothing is mounted"],
      ["a path that is not there", "sys/sign/web", "ISSUER", "no such path"],
      ["a CA that is not there", "pki_int/issuer/nobody/sign/web", "ISSUER", "no CA that may sign"],
    ])("%s is the issuer's fault", async (_, wrong, code, words) => {
      await using issuer = connectWithToken(vault, wrong, vault.rootToken);
      const error = await failureOf(issuer.sign(await webRequest()));
      expect(error).toMatchObject({ code });
      expect(error.message).toContain(words);
    });

    test("a mount without a CA is the issuer's fault", async () => {
      await vaultWrite(vault, "sys/mounts/empty", { type: "pki" });
      await vaultWrite(vault, "empty/roles/web", { allow_any_name: true, key_type: "any" });
      await using issuer = connectWithToken(vault, "empty/sign/web", vault.rootToken);
      const error = await failureOf(issuer.sign(await webRequest()));
      expect(error).toMatchObject({ code: "ISSUER" });
      expect(error.message).toContain("no CA that may sign");
    });

    test("a policy that lacks the path is told before a request meets it", async () => {
      const token = await newToken(vault, "default");
      await using issuer = connectWithToken(vault, path(), token);
      for (const call of [issuer.check, async () => issuer.sign(await webRequest())]) {
        const error = await failureOf(call());
        expect(error).toMatchObject({ code: "ISSUER" });
        expect(error.message).toContain('"update" on pki_int/sign/web');
      }
    });

    test("a thousand certificates cost one login and leave no lease", async () => {
      const before = await countTokens(vault);
      const issued = await pki.count();
      {
        await using issuer = await byAppRole("thousand", { token_ttl: "1h" });
        await issuer.check();
        const request = await webRequest();
        let left = 1_000;
        const caller = async () => {
          while (left-- > 0) await issuer.sign(request);
        };
        await Promise.all(Array.from({ length: 16 }, caller));
        expect((await countTokens(vault)) - before).toBe(1);
      }
      expect(await countTokens(vault)).toBe(before);
      expect((await pki.count()) - issued).toBe(1_000);
      const leases = await vault.request("GET", `sys/leases/lookup/${pki.mount}/sign/web?list=true`);
      expect(leases.status).toBe(404);
    });
  });

  describeWithRigs(VAULT[flavour], `${flavour}: what was issued before`, () => {
    let vault: Vault;
    let pki: PkiMount;
    beforeAll(async () => {
      vault = await startVault({ flavour });
      pki = await mountPki(vault);
    });
    afterAll(() => vault?.stop());

    async function issuerWith(
      paths: Readonly<Record<string, readonly string[]>>,
      path = `${pki.mount}/sign/web`,
    ) {
      await writePolicy(vault, "some", paths);
      return connectWithToken(vault, path, await newToken(vault, "some"));
    }

    test("is found among a thousand others, with the same chain, for many requests at once", async () => {
      await using issuer = await issuerWith(issuerPaths(pki.mount, "web"));
      const requests = await Promise.all(Array.from({ length: 30 }, (_, at) => webRequest(`a${at}`)));
      const outcomes = await Promise.all(requests.map((request) => issuer.sign(request)));
      const noise = await webRequest("noise");
      let left = 1_000;
      const caller = async () => {
        while (left-- > 0) await issuer.sign(noise);
      };
      await Promise.all(Array.from({ length: 16 }, caller));
      // Another process after a crash: nothing is known.
      await using next = await issuerWith(issuerPaths(pki.mount, "web"));
      const started = Date.now();
      const found = await Promise.all(requests.map((request) => next.find(request)));
      const ms = Date.now() - started;
      console.info(`${flavour}: 30 look-ups among ${await pki.count()} certificates in ${ms} ms`);
      found.forEach((outcome, at) => {
        expect(outcome).toMatchObject({ status: "issued", chain: outcomes[at]?.chain });
      });
      expect(await next.find(await webRequest("never"))).toBeUndefined();
      expect(ms).toBeLessThan(15_000);
    });

    test("is not found once it is revoked", async () => {
      await using issuer = await issuerWith(issuerPaths(pki.mount, "web"));
      const request = await webRequest("revoked");
      const { chain } = await issuer.sign(request);
      const { serialHex } = parseCertificate(chain.slice(0, chain.indexOf("-----END") + 26));
      await vaultWrite(vault, `${pki.mount}/revoke`, {
        serial_number: serialHex.padStart(40, "0").match(/../g)?.join(":"),
      });
      expect(await issuer.find(request)).toBeUndefined();
    });

    describe("cannot be told", () => {
      test.each([
        [
          "list",
          { "pki_int/sign/web": ["update"], "pki_int/roles/web": ["read"] },
          "list the mount's certificates",
        ],
        ["read the role", { "pki_int/sign/web": ["update"], "pki_int/certs": ["list"] }, "read the role"],
      ])("where the policy does not allow to %s", async (_, paths, reason) => {
        await using issuer = await issuerWith(paths);
        const request = await webRequest();
        await issuer.sign(request);
        expect(await issuer.find(request)).toMatchObject({
          status: "cannot-tell",
          reason: expect.stringContaining(reason),
        });
      });

      test("where the role stores nothing", async () => {
        await vaultWrite(vault, `${pki.mount}/roles/forgetful`, {
          ...{ allow_any_name: true, key_type: "any", no_store: true },
        });
        await using issuer = await issuerWith(
          issuerPaths(pki.mount, "forgetful"),
          `${pki.mount}/sign/forgetful`,
        );
        const request = await webRequest();
        await issuer.sign(request);
        expect(await issuer.find(request)).toMatchObject({
          status: "cannot-tell",
          reason: expect.stringContaining("no_store"),
        });
      });
    });
  });
}

describeWithRigs(VAULT.openbao, "openbao: a namespace", () => {
  test("has its own mounts, tokens and policies, and a wrong one is the issuer's fault", async () => {
    await using vault = await startVault({ flavour: "openbao" });
    const namespace = "team-a";
    await vaultWrite(vault, `sys/namespaces/${namespace}`, {});
    const pki = await mountPki(vault, { namespace });
    const token = await newToken(vault, pki.policy, {}, { namespace });
    await using issuer = connectWithToken(vault, `${pki.mount}/sign/web`, token, { namespace });
    await issuer.check();
    const request = await webRequest();
    await issuer.sign(request);
    expect(await issuer.find(request)).toMatchObject({ status: "issued" });
    await using outside = connectWithToken(vault, `${pki.mount}/sign/web`, vault.rootToken);
    expect(await failureOf(outside.sign(request))).toMatchObject({ code: "ISSUER" });
    await using elsewhere = connectWithToken(vault, `${pki.mount}/sign/web`, vault.rootToken, {
      namespace: "nobody",
    });
    const error = await failureOf(elsewhere.check());
    expect(error).toMatchObject({ code: "ISSUER" });
    expect(error.message).toContain("namespace does not exist");
  });
});
