import { setTimeout as delay } from "node:timers/promises";
import { issuedNothing, type SignRequest, signerErrorCode } from "@countersign/issuer-signer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWithRigs, VAULT } from "../../../../test/rigs/rigs.ts";
import { setUpAppRole } from "../../../../test/rigs/vault-auth.ts";
import { startRaftCluster, type VaultCluster } from "../../../../test/rigs/vault-cluster.ts";
import { VAULT_FLAVOURS } from "../../../../test/rigs/vault-node.ts";
import { expectVault, vaultRequest } from "../../../../test/rigs/vault-request.ts";
import { connect, connectWithToken, webRequest } from "./connect.ts";
import { mountPki, type PkiMount } from "./pki-mount.ts";

type Connected = ReturnType<typeof connect>;

/** What became of one request. */
interface Way {
  readonly calls: number;
  readonly lookups: number;
  readonly found: boolean;
}

/** Has a request signed as core does: retries what is retryable, and looks before it asks again where it may be issued. */
async function untilSigned(issuer: Connected, request: SignRequest): Promise<Way> {
  const way = { calls: 0, lookups: 0, found: false };
  let isDoubtful = false;
  for (let waitMs = 100; ; waitMs = Math.min(waitMs * 1.5, 2_000)) {
    try {
      if (isDoubtful) {
        way.lookups += 1;
        const found = await issuer.find(request);
        if (found?.status === "cannot-tell") throw new Error("the mount should be able to tell");
        if (found !== undefined) return { ...way, found: true };
      }
      way.calls += 1;
      isDoubtful = true;
      await issuer.sign(request);
      return way;
    } catch (error) {
      const code = signerErrorCode(error);
      if (code !== "RETRYABLE" && code !== "ISSUER") throw error;
      if (code === "ISSUER" || issuedNothing(error)) isDoubtful = way.lookups > 0 && isDoubtful;
    }
    await delay(waitMs);
  }
}

for (const flavour of VAULT_FLAVOURS) {
  describeWithRigs(VAULT[flavour], `${flavour}: a raft cluster`, () => {
    let cluster: VaultCluster;
    let pki: PkiMount;
    let roleId: string;
    let secretId: string;
    beforeAll(async () => {
      cluster = await startRaftCluster({ flavour });
      const leader = await cluster.leader();
      pki = await mountPki(leader);
      ({ roleId, secretId } = await setUpAppRole(leader, { policies: [pki.policy] }));
    });
    afterAll(() => cluster?.stop());

    const issuer = (servers = cluster.nodes) =>
      connect(servers, {
        vault: {
          path: `${pki.mount}/sign/web`,
          auth: { appRole: { roleId, secretRef: { name: "s" } } },
        },
        secrets: { secretId },
      });

    /** Certificates of the mount, by the node that leads now. */
    async function countOf(): Promise<number> {
      const { body } = await vaultRequest(await cluster.leader(), "GET", `${pki.mount}/certs?list=true`);
      return Array.isArray(body.data?.keys) ? body.data.keys.length : 0;
    }

    test("every node serves: a standby forwards", async () => {
      for (const node of cluster.nodes) {
        await using connected = issuer([node]);
        await connected.check();
        await connected.sign(await webRequest());
      }
    });

    test("a certificate is found as soon as it is issued, whichever server is asked first", async () => {
      const orders = cluster.nodes.map((_, at) => [
        ...cluster.nodes.slice(at),
        ...cluster.nodes.slice(0, at),
      ]);
      const connected = orders.map((servers) => issuer(servers));
      try {
        for (let at = 0; at < 30; at += 1) {
          const request = await webRequest(`at-${at}`);
          await connected[at % 3]?.sign(request);
          const found = await Promise.all(connected.map((each) => each.find(request)));
          expect(found.map((outcome) => outcome?.status)).toEqual(["issued", "issued", "issued"]);
        }
      } finally {
        for (const each of connected) await each[Symbol.asyncDispose]();
      }
    });

    test("a standby alone is asked where it forwards reads, and not where it answers by itself", async () => {
      const leader = await cluster.leader();
      const standby = cluster.nodes.find((node) => node !== leader) ?? leader;
      await using connected = issuer([standby]);
      const request = await webRequest();
      await connected.sign(request);
      expect(await connected.find(request)).toMatchObject({
        status: flavour === "vault" ? "issued" : "cannot-tell",
      });
    });

    test("no request is lost or issued twice while leaders are killed", async () => {
      await using connected = issuer();
      await connected.check();
      const before = await countOf();
      const requests = await Promise.all(Array.from({ length: 600 }, (_, at) => webRequest(`k${at}`)));
      const ways: Way[] = [];
      const left = [...requests];
      const callers = Promise.all(
        Array.from({ length: 12 }, async () => {
          for (let request = left.pop(); request !== undefined; request = left.pop()) {
            ways.push(await untilSigned(connected, request));
            await delay(20);
          }
        }),
      );
      for (let round = 0; round < 2; round += 1) {
        await delay(700);
        const leader = await cluster.leader();
        await cluster.kill(leader);
        await cluster.leader();
        await delay(300);
        await cluster.restart(leader);
      }
      await callers;
      const retried = ways.filter(({ calls }) => calls > 1).length;
      const lookedUp = ways.filter(({ lookups }) => lookups > 0).length;
      const found = ways.filter((way) => way.found).length;
      console.info(
        `${flavour}: 600 requests, ${retried} called again, ${lookedUp} looked up, ${found} found`,
      );
      expect(ways).toHaveLength(600);
      expect((await countOf()) - before).toBe(600);
    });

    test("a token that another node has issued is accepted by the rest", async () => {
      const [first, second] = cluster.nodes;
      if (first === undefined || second === undefined) throw new Error("the cluster has three nodes");
      const { auth } = await expectVault(first, "POST", "auth/token/create", { policies: [pki.policy] });
      await using connected = connectWithToken(second, `${pki.mount}/sign/web`, auth?.client_token ?? "");
      await connected.sign(await webRequest());
    });
  });
}
