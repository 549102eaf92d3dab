import { access } from "node:fs/promises";
import { dirname } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWithRigs, VAULT } from "./rigs.ts";
import { startVault, type Vault } from "./vault.ts";
import { startRaftCluster, type VaultCluster } from "./vault-cluster.ts";
import { VAULT_FLAVOURS } from "./vault-node.ts";
import { expectVault, vaultRequest, vaultWrite } from "./vault-request.ts";

for (const flavour of VAULT_FLAVOURS) {
  describeWithRigs(VAULT[flavour], `${flavour}: one server`, () => {
    let vault: Vault;
    beforeAll(async () => {
      vault = await startVault({ flavour });
    });
    afterAll(() => vault?.stop());

    test("is healthy, initialised and of the version of its binary", async () => {
      expect(await vault.request("GET", "sys/health", undefined, { token: "" })).toMatchObject({
        status: 200,
        body: { initialized: true, sealed: false, version: flavour === "vault" ? "1.21.0" : "2.7.2" },
      });
    });

    test("refuses every request with 503 while sealed, and has its data after", async () => {
      await vaultWrite(vault, "sys/mounts/kept", { type: "pki" });
      await vault.seal();
      expect(await vault.request("GET", "sys/health")).toMatchObject({ status: 503, body: { sealed: true } });
      expect(await vault.request("GET", "sys/mounts")).toMatchObject({ status: 503 });
      await vault.unseal();
      expect(await vault.request("GET", "sys/health")).toMatchObject({ status: 200 });
      expect(await expectVault(vault, "GET", "sys/mounts")).toMatchObject({
        data: { "kept/": { type: "pki" } },
      });
    });

    test("lets the auth methods of cert-manager's Vault issuer be enabled by their usual names", async () => {
      for (const type of ["approle", "cert", "jwt", "kubernetes"])
        await vaultWrite(vault, `sys/auth/${type}`, { type });
      const { data } = await expectVault(vault, "GET", "sys/auth");
      expect(Object.keys(data ?? {}).sort()).toEqual(["approle/", "cert/", "jwt/", "kubernetes/", "token/"]);
    });

    test("refuses an unknown token and answers without one only where none is needed", async () => {
      expect(await vault.request("GET", "sys/mounts", undefined, { token: "nobody" })).toMatchObject({
        status: 403,
        body: { errors: [expect.stringContaining("permission denied")] },
      });
      expect(await vault.request("GET", "sys/mounts", undefined, { token: "" })).toMatchObject({
        status: 403,
      });
    });

    test("a stopped one leaves no folder and no listener", async () => {
      const second = await startVault({ flavour });
      expect(second.address).not.toBe(vault.address);
      await access(second.logPath);
      await second.stop();
      await second.stop();
      await expect(access(dirname(second.logPath))).rejects.toThrow("ENOENT");
      await expect(second.request("GET", "sys/health")).rejects.toThrow("ECONNREFUSED");
    });
  });

  describeWithRigs(VAULT[flavour], `${flavour}: one server over TLS`, () => {
    test("has a certificate of its own authority", async () => {
      await using vault = await startVault({ flavour, tls: "server" });
      expect(vault.address).toMatch(/^https:/);
      expect(await vault.request("GET", "sys/health")).toMatchObject({ status: 200 });
      const { address, rootToken } = vault;
      await expect(vaultRequest({ address, rootToken }, "GET", "sys/health")).rejects.toThrow(/certificate/);
    });

    test("in mutual TLS, serves only clients with a certificate of its authority", async () => {
      await using vault = await startVault({ flavour, tls: "mutual" });
      expect(await vault.request("GET", "sys/health")).toMatchObject({ status: 200 });
      const { address, caPem, rootToken, tlsAuthority } = vault;
      const stranger = { address, caPem, rootToken };
      await expect(vaultRequest(stranger, "GET", "sys/health")).rejects.toThrow(/certificate|ECONNRESET/);
      const clientCertificate = await tlsAuthority?.issue({ commonName: "issuer" });
      expect(await vaultRequest({ ...stranger, clientCertificate }, "GET", "sys/health")).toMatchObject({
        status: 200,
      });
    });
  });

  describeWithRigs(VAULT[flavour], `${flavour}: a raft cluster of three`, () => {
    let cluster: VaultCluster;
    beforeAll(async () => {
      cluster = await startRaftCluster({ flavour });
    });
    afterAll(() => cluster?.stop());

    test("has one active node and two standbys that forward writes to it", async () => {
      const leader = await cluster.leader();
      const health = cluster.nodes.map(
        async (node) => (await vaultRequest(node, "GET", "sys/health")).status,
      );
      expect((await Promise.all(health)).sort()).toEqual([200, 429, 429]);
      const standby = cluster.nodes.find((node) => node !== leader) ?? leader;
      await vaultWrite(standby, "sys/mounts/before", { type: "pki" });
      expect(await expectVault(leader, "GET", "sys/mounts")).toMatchObject({ data: { "before/": {} } });
    });

    test("elects another leader when the leader is killed, keeps the data, and takes the old one back", async () => {
      const killed = await cluster.leader();
      await cluster.kill(killed);
      await expect(vaultRequest(killed, "GET", "sys/health")).rejects.toThrow("ECONNREFUSED");
      const leader = await cluster.leader();
      expect(leader).not.toBe(killed);
      expect(await expectVault(leader, "GET", "sys/mounts")).toMatchObject({ data: { "before/": {} } });
      await vaultWrite(leader, "sys/mounts/after", { type: "pki" });

      await cluster.restart(killed);
      expect(await vaultRequest(killed, "GET", "sys/health")).toMatchObject({ status: 429 });
      await expect
        .poll(() => expectVault(killed, "GET", "sys/mounts"), { timeout: 10_000 })
        .toMatchObject({ data: { "after/": {} } });
    });

    test("lets the Kubernetes auth method be enabled, and has it after the leader is killed", async () => {
      await vaultWrite(await cluster.leader(), "sys/auth/kubernetes", { type: "kubernetes" });
      const config = {
        kubernetes_host: "https://127.0.0.1:1",
        disable_local_ca_jwt: true,
        kubernetes_ca_cert: cluster.caPem,
      };
      await vaultWrite(await cluster.leader(), "auth/kubernetes/config", config);
      const killed = await cluster.leader();
      await cluster.kill(killed);
      expect(await expectVault(await cluster.leader(), "GET", "auth/kubernetes/config")).toMatchObject({
        data: { kubernetes_host: "https://127.0.0.1:1" },
      });
      await cluster.restart(killed);
    });
  });
}
