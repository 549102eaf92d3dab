import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { eventually } from "../eventually.ts";
import type { ReplicaCluster } from "../fixtures/replica-cluster.ts";
import { type Replica, ReplicaScene } from "../fixtures/replica-scene.ts";

/** Asks for a certificate every 100 ms until it is disposed of. */
function traffic(scene: ReplicaScene): Disposable {
  const timer = setInterval(() => void scene.request(), 100);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Resolves to the time from `since` until one of `candidates` held the lease, in milliseconds. */
async function takeover(scene: ReplicaScene, since: number, candidates: readonly Replica[]): Promise<number> {
  const names = candidates.map(({ name }) => name);
  const found = await eventually(
    { timeout: 25_000, interval: 20 },
    "another holder of the lease",
    async () => scene.holdings.find((each) => each.since >= since && names.includes(each.holder)),
    (holding) => holding !== undefined,
  );
  return (found?.since ?? Number.POSITIVE_INFINITY) - since;
}

/** Starts replicas of these names; resolves when all of them are watching. */
async function replicasOf(scene: ReplicaScene, names: readonly string[]) {
  const replicas = await Promise.all(names.map((name) => scene.start(name)));
  await Promise.all(replicas.map((each) => each.logged("watching")));
  return {
    replicas,
    holder: () => replicas.find(({ name }) => name === scene.holder) as Replica,
    others: (...not: readonly Replica[]) => replicas.filter((each) => !not.includes(each)),
  };
}

async function firstCertificates(scene: ReplicaScene): Promise<void> {
  await eventually(
    { timeout: 20_000, interval: 50 },
    "the first certificates",
    async () => ({ issued: scene.pki.ledger.entries.length, logs: scene.logs }),
    ({ issued }) => issued > 20,
  );
}

/** Every request was signed, once, and by whoever held the lease. */
async function expectOneSigner(scene: ReplicaScene): Promise<void> {
  const requests = await scene.allIssued(15_000);
  expect(await scene.deedsOfOthers()).toEqual([]);
  expect(scene.pki.ledger.duplicates()).toEqual([]);
  expect(scene.pki.ledger.entries).toHaveLength(requests);
}

const options = { misbehaviour: { latencyMs: 150 } };

/** Replicas of one issuer, on a cluster that `start` resolves to, and that the case stops. */
export function leaderCases(start: () => Promise<ReplicaCluster>): void {
  test("R4, R5: a leader that was paused for 20 s does nothing more, and one that stops is succeeded in 2 s", {
    timeout: 120_000,
  }, async () => {
    await using scene = await ReplicaScene.begin(await start(), ["a", "b", "c"], options);
    const { replicas, holder, others } = await replicasOf(scene, ["a", "b", "c"]);
    const readiness = await Promise.all(replicas.map((each) => each.probe("/readyz")));
    expect(readiness.map(({ status }) => status)).toEqual([200, 200, 200]);
    {
      using _ = traffic(scene);
      await firstCertificates(scene);
      const paused = holder();
      const pausedAt = Date.now();
      paused.kill("SIGSTOP");
      expect(await takeover(scene, pausedAt, others(paused))).toBeLessThan(20_000);
      await delay(pausedAt + 20_000 - Date.now());
      const resumedAt = Date.now();
      paused.kill("SIGCONT");
      await paused.logged("no longer leading");
      await delay(1_000);
      const late = (await scene.deeds()).filter(({ time, who }) => who === paused.name && time >= resumedAt);
      expect(late).toEqual([]);

      const stopped = holder();
      const stoppedAt = Date.now();
      stopped.kill("SIGTERM");
      expect(await takeover(scene, stoppedAt, others(stopped))).toBeLessThan(2_000);
      expect(await stopped.ended).toEqual({ code: 0, signal: null, stderr: "" });
      await delay(1_000);
    }
    await expectOneSigner(scene);
    expect(new Set(scene.pki.calls.map(({ caller }) => caller)).size).toBeGreaterThan(1);
  });

  test("R5: a leader that was killed is succeeded in 20 s, and what it had ordered is found", {
    timeout: 120_000,
  }, async () => {
    await using scene = await ReplicaScene.begin(await start(), ["g", "h"], options);
    const { holder, others } = await replicasOf(scene, ["g", "h"]);
    {
      using _ = traffic(scene);
      await firstCertificates(scene);
      const killed = holder();
      await Promise.all(Array.from({ length: 10 }, () => scene.request()));
      await eventually(
        { timeout: 5_000, interval: 5 },
        "an order under way",
        async () => scene.pki.calls.findLast(({ route }) => route === "order"),
        (order) => order?.status === 0,
      );
      const killedAt = Date.now();
      killed.kill("SIGKILL");
      expect(await takeover(scene, killedAt, others(killed))).toBeLessThan(20_000);
      await delay(1_000);
    }
    await expectOneSigner(scene);
    expect(scene.pki.count("find")).toBeGreaterThan(0);
  });
}
