import { describe, expect, test } from "vitest";
import { leaderCases } from "./cases/leaders.ts";
import { eventually } from "./eventually.ts";
import { startEmbeddedReplicaCluster } from "./fixtures/replica-cluster.ts";
import { type Replica, ReplicaScene } from "./fixtures/replica-scene.ts";

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

describe.concurrent("replicas of an issuer, as processes", () => {
  leaderCases(async () => {
    const cluster = await startEmbeddedReplicaCluster();
    // Some requests are always between their record and the call of the PKI.
    const action = { type: "stall", ms: 80 } as const;
    const statusWrites = { verb: "patch", resource: "certificaterequests", subresource: "status" } as const;
    cluster.api.faults.add({ ...statusWrites, action });
    return cluster;
  });

  test("a replica asked to stop is unready at once, alive, and ends in 30 s though the PKI hangs", {
    timeout: 120_000,
  }, async () => {
    await using scene = await ReplicaScene.begin(await startEmbeddedReplicaCluster(), ["d"]);
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
    await using scene = await ReplicaScene.begin(await startEmbeddedReplicaCluster(), ["f"]);
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
