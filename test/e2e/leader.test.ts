import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { eventually } from "./eventually.ts";
import { type Replica, ReplicaScene } from "./fixtures/replica-scene.ts";

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
  // Some requests are always between their record and the call of the PKI.
  const action = { type: "stall", ms: 80 } as const;
  const statusWrites = { verb: "patch", resource: "certificaterequests", subresource: "status" } as const;
  scene.cluster.api.faults.add({ ...statusWrites, action });
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

/** The issuer signs once more; then the PKI hangs, and a call waits for it. */
async function callThatHangs(scene: ReplicaScene, leader: Replica): Promise<void> {
  await leader.logged("leading");
  await scene.request();
  await scene.allIssued(40_000);
  const orders = scene.pki.count("order");
  scene.pki.down("hang");
  await scene.request();
  await eventually(
    { timeout: 5_000, interval: 20 },
    "a call that hangs",
    async () => ({ orders: scene.pki.count("order"), logs: scene.logs }),
    (seen) => seen.orders > orders,
  );
}

/** Every request was signed, once, and by whoever held the lease. */
async function expectOneSigner(scene: ReplicaScene): Promise<void> {
  const requests = await scene.allIssued(15_000);
  expect(scene.deedsOfOthers()).toEqual([]);
  expect(scene.pki.ledger.duplicates()).toEqual([]);
  expect(scene.pki.ledger.entries).toHaveLength(requests);
}

const options = { misbehaviour: { latencyMs: 150 } };

describe.concurrent("replicas of an issuer, as processes", () => {
  test("R4, R5: a leader that was paused for 20 s does nothing more, and one that stops is succeeded in 2 s", {
    timeout: 120_000,
  }, async () => {
    await using scene = await ReplicaScene.begin(["a", "b", "c"], options);
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
      const late = scene.deeds().filter(({ time, who }) => who === paused.name && time >= resumedAt);
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
    await using scene = await ReplicaScene.begin(["g", "h"], options);
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

  test("a replica asked to stop is unready at once, alive, and ends in 30 s though the PKI hangs", {
    timeout: 120_000,
  }, async () => {
    await using scene = await ReplicaScene.begin(["d"]);
    const replica = await scene.start("d");
    await callThatHangs(scene, replica);
    expect((await replica.probe("/readyz")).status).toBe(200);
    const askedAt = Date.now();
    replica.kill("SIGTERM");
    await replica.logged("stopping");
    expect(await replica.probe("/readyz")).toMatchObject({
      status: 503,
      text: expect.stringContaining("[-]shutdown: in progress"),
    });
    expect((await replica.probe("/livez")).status).toBe(200);
    // The lease is held while the call may still be answered.
    expect(scene.holder).toBe("d");
    expect(await replica.ended).toEqual({ code: 0, signal: null, stderr: "" });
    expect(Date.now() - askedAt).toBeLessThan(30_000);
    expect(scene.holder).toBe("");
  });

  test("the probes pass through an outage of the API server that costs the lease; a second signal ends it at once", {
    timeout: 120_000,
  }, async () => {
    await using scene = await ReplicaScene.begin(["f"]);
    const replica = await scene.start("f");
    await replica.logged("leading");
    await scene.request();
    await scene.allIssued(10_000);
    const gone = scene.cluster.api.faults.add({ action: { type: "reset" } });
    scene.cluster.api.faults.cutWatches();
    await replica.logged("no longer leading");
    expect((await replica.probe("/livez")).status).toBe(200);
    expect((await replica.probe("/readyz")).status).toBe(200);
    gone.remove();
    await replica.logged("leading", 2);
    await callThatHangs(scene, replica);
    expect(scene.pki.ledger.duplicates()).toEqual([]);

    replica.kill("SIGTERM");
    await replica.logged("stopping");
    const askedAt = Date.now();
    replica.kill("SIGTERM");
    expect(await replica.ended).toMatchObject({ code: 1, signal: null });
    expect(Date.now() - askedAt).toBeLessThan(2_000);
  });
});
