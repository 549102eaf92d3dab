import { describe, expect, test } from "vitest";
import { ManualScheduler } from "../queue/manual-scheduler-fixture.ts";
import { LeaderElection } from "./leader-election.ts";
import { leaderElectionTiming } from "./leader-election-options.ts";
import { soleLeader } from "./leadership.ts";
import { Candidate, type Fate, LeaseServer } from "./lease-world-fixture.ts";
import { NotLeaderError } from "./not-leader-error.ts";

const swift: Fate = { beforeMs: 5, afterMs: 5, lost: "nothing" };

function world() {
  const scheduler = new ManualScheduler();
  const state = { fate: swift };
  const server = new LeaseServer(scheduler, () => state.fate);
  return { scheduler, server, state };
}

const longAgo = "2020-01-01T00:00:00.000000Z";
const held = (holderIdentity: string) => ({
  holderIdentity,
  leaseDurationSeconds: 15,
  acquireTime: longAgo,
  renewTime: longAgo,
  leaseTransitions: 3,
});

describe("a single candidate", () => {
  test("creates the Lease and leads within two answers", async () => {
    const { scheduler, server } = world();
    const only = new Candidate(server, { identity: "a" });
    expect(only.passes).toBe(false);
    await scheduler.advance(20);
    expect(only.passes).toBe(true);
    expect(only.election.signal.aborted).toBe(false);
    expect(server.calls).toEqual(["get", "create"]);
    expect(server.lease?.spec).toEqual({
      holderIdentity: "a",
      leaseDurationSeconds: 15,
      acquireTime: "2027-01-15T08:00:00.010000Z",
      renewTime: "2027-01-15T08:00:00.010000Z",
      leaseTransitions: 0,
    });
  });

  test("renews every 2 s with one call, and keeps what is not its own", async () => {
    const { scheduler, server } = world();
    const only = new Candidate(server, { identity: "a" });
    await scheduler.advance(60_000);
    expect(only.news).toEqual(["acquired"]);
    expect(server.calls.slice(2).every((verb) => verb === "update")).toBe(true);
    expect(server.calls.length).toBeGreaterThan(28);
    expect(server.calls.length).toBeLessThan(34);
    expect(server.lease?.spec?.acquireTime).toBe("2027-01-15T08:00:00.010000Z");
    expect(server.lease?.spec?.leaseTransitions).toBe(0);
    expect(server.lease?.metadata.labels).toEqual({ kept: "yes" });
  });

  test("shows a sign of life in every renewal, even with a wall clock that stands still", async () => {
    const { scheduler, server } = world();
    const stuck = { skewMs: () => -scheduler.now() };
    const leader = new Candidate(server, { identity: "a", clocks: stuck });
    await scheduler.advance(100);
    const other = new Candidate(server, { identity: "b" });
    await scheduler.advance(60_000);
    expect(leader.passes).toBe(true);
    expect(other.news).toEqual([]);
  });

  test("takes up its own claim at once, as after a loss in which nobody took over", async () => {
    const { scheduler, server } = world();
    server.write(held("a"));
    const again = new Candidate(server, { identity: "a" });
    await scheduler.advance(20);
    expect(again.passes).toBe(true);
    expect(server.lease?.spec).toMatchObject({ acquireTime: longAgo, leaseTransitions: 3 });
  });
});

describe("a candidate beside a holder", () => {
  test("waits the whole lease from when it saw the record, whatever times the record names", async () => {
    const { scheduler, server } = world();
    server.write(held("gone"));
    const candidate = new Candidate(server, { identity: "b" });
    await scheduler.advance(15_000);
    expect(candidate.passes).toBe(false);
    await scheduler.advance(60);
    expect(candidate.passes).toBe(true);
    expect(server.lease?.spec).toMatchObject({ holderIdentity: "b", leaseTransitions: 4 });
  });

  test("only reads meanwhile", async () => {
    const { scheduler, server } = world();
    server.write(held("other"));
    new Candidate(server, { identity: "b" });
    await scheduler.advance(14_000);
    expect(new Set(server.calls)).toEqual(new Set(["get"]));
  });

  test("waits for the time that the record grants, not for its own", async () => {
    const { scheduler, server } = world();
    server.write({ ...held("gone"), leaseDurationSeconds: 60 });
    const candidate = new Candidate(server, { identity: "b" });
    await scheduler.advance(59_900);
    expect(candidate.passes).toBe(false);
    await scheduler.advance(2_000);
    expect(candidate.passes).toBe(true);
  });

  test("is not led by a Lease that somebody deletes to believe that the holder is gone", async () => {
    const { scheduler, server } = world();
    server.write(held("alive"));
    const candidate = new Candidate(server, { identity: "b" });
    await scheduler.advance(1_000);
    server.lease = undefined;
    await scheduler.advance(13_900);
    expect(candidate.passes).toBe(false);
    await scheduler.advance(2_000);
    expect(candidate.passes).toBe(true);
  });

  test("takes over at most 20 s after the holder died at any moment", async () => {
    for (let diesAt = 1_000; diesAt <= 5_000; diesAt += 170) {
      const { scheduler, server } = world();
      const leader = new Candidate(server, { identity: "a" });
      await scheduler.advance(100);
      const random = () => (diesAt % 7) / 7;
      const others = ["b", "c"].map((identity) => new Candidate(server, { identity, random }));
      await scheduler.advance(diesAt);
      leader.freeze();
      await scheduler.advance(12_000);
      expect(others.map(({ passes }) => passes)).toEqual([false, false]);
      await scheduler.advance(5_000);
      expect(others.filter(({ passes }) => passes)).toHaveLength(1);
    }
  });
});

describe("a leader that stops", () => {
  test("ends its term first, then leaves a record that is free, and writes no more", async () => {
    const { scheduler, server } = world();
    const leader = new Candidate(server, { identity: "a" });
    await scheduler.advance(5_000);
    const { signal } = leader.election;
    const stopped = leader.election.stop();
    expect(leader.passes).toBe(false);
    expect(signal.reason).toBeInstanceOf(NotLeaderError);
    expect(server.holder).toBe("a");
    await scheduler.advance(100);
    await stopped;
    expect(server.lease?.spec).toMatchObject({ holderIdentity: "", leaseDurationSeconds: 1 });
    const calls = server.calls.length;
    await scheduler.advance(60_000);
    expect(server.calls).toHaveLength(calls);
    expect(scheduler.pending).toBe(0);
  });

  test("is succeeded within 2 s", async () => {
    for (let lasts = 3_000; lasts <= 5_000; lasts += 90) {
      const { scheduler, server } = world();
      const leader = new Candidate(server, { identity: "a" });
      await scheduler.advance(100);
      const slowest = () => 0.999;
      const next = new Candidate(server, { identity: "b", random: slowest });
      await scheduler.advance(lasts);
      const stopped = leader.election.stop();
      await scheduler.advance(2_000);
      await stopped;
      expect(next.passes).toBe(true);
    }
  });

  test("also frees a claim whose renewal was under way", async () => {
    const { scheduler, server, state } = world();
    const leader = new Candidate(server, { identity: "a" });
    await scheduler.advance(1_000);
    state.fate = { beforeMs: 500, afterMs: 500, lost: "nothing" };
    await scheduler.advance(1_100);
    const stopped = leader.election.stop();
    await scheduler.advance(10_000);
    await stopped;
    expect(server.holder).toBe("");
  });

  test("is not held up by an API server that does not answer", async () => {
    const { scheduler, server, state } = world();
    const leader = new Candidate(server, { identity: "a" });
    await scheduler.advance(1_500);
    state.fate = { beforeMs: 1, afterMs: 1_000, lost: "answer" };
    const stopped = leader.election.stop();
    await scheduler.advance(1_100);
    await stopped;
  });

  test("leaves another's lease alone", async () => {
    const { scheduler, server } = world();
    server.write(held("other"));
    const candidate = new Candidate(server, { identity: "b" });
    await scheduler.advance(100);
    const stopped = candidate.election.stop();
    await scheduler.advance(100);
    await stopped;
    expect(server.lease?.spec).toEqual(held("other"));
  });
});

describe("a leader loses its term", () => {
  test("when it could not renew for 10 s, which is before anybody may follow", async () => {
    const { scheduler, server, state } = world();
    const leader = new Candidate(server, { identity: "a" });
    await scheduler.advance(20);
    state.fate = { beforeMs: 1, afterMs: 1, lost: "request" };
    await scheduler.advance(9_900);
    expect(leader.passes).toBe(true);
    await scheduler.advance(100);
    expect(leader.passes).toBe(false);
    expect(leader.news).toEqual(["acquired", "the lease could not be renewed for 10 s"]);
    expect(leader.troubles).toHaveLength(1);
  });

  test("but none while single renewals fail, or arrive and their answers are lost", async () => {
    const { scheduler, server, state } = world();
    const leader = new Candidate(server, { identity: "a" });
    await scheduler.advance(20);
    for (const lost of ["answer", "nothing", "request", "nothing", "answer", "nothing"] as const) {
      state.fate = { beforeMs: 1, afterMs: 1, lost };
      await scheduler.advance(2_600);
    }
    expect(leader.news).toEqual(["acquired"]);
  });

  test("when another has taken the lease, and competes again", async () => {
    const { scheduler, server } = world();
    const leader = new Candidate(server, { identity: "a" });
    await scheduler.advance(20);
    server.write(held("thief"));
    await scheduler.advance(2_100);
    expect(leader.passes).toBe(false);
    expect(leader.news).toEqual(["acquired", "thief holds the lease"]);
    await scheduler.advance(17_000);
    expect(leader.passes).toBe(true);
    expect(server.lease?.spec?.leaseTransitions).toBe(4);
  });

  test("at the first look at the clock after it was stopped, before any timer of its own", async () => {
    const { scheduler, server } = world();
    const leader = new Candidate(server, { identity: "a" });
    await scheduler.advance(1_000);
    const { signal } = leader.election;
    leader.freeze();
    await scheduler.advance(20_000);
    let passed = true;
    leader.thaw(() => {
      passed = leader.passes;
    });
    expect(passed).toBe(false);
    expect(signal.aborted).toBe(true);
    expect(leader.news).toEqual(["acquired", "the claim ran out before it was renewed"]);
  });

  test("when the wall clock shows that the machine was suspended while the monotonic clock stood still", async () => {
    const { scheduler, server } = world();
    let suspendedMs = 0;
    const leader = new Candidate(server, { identity: "a", clocks: { skewMs: () => suspendedMs } });
    await scheduler.advance(1_000);
    expect(leader.passes).toBe(true);
    suspendedMs = 60_000;
    expect(leader.passes).toBe(false);
    await scheduler.advance(3_000);
    expect(leader.passes).toBe(true);
  });

  test("and does not when the wall clock is set back", async () => {
    const { scheduler, server } = world();
    let skewMs = 0;
    const leader = new Candidate(server, { identity: "a", clocks: { skewMs: () => skewMs } });
    await scheduler.advance(1_000);
    skewMs = -600_000;
    await scheduler.advance(60_000);
    expect(leader.news).toEqual(["acquired"]);
    expect(leader.passes).toBe(true);
  });
});

test("an answer that is read after the renew deadline of its question makes nobody leader", async () => {
  const { scheduler, server } = world();
  const slow = new Candidate(server, { identity: "a" });
  await scheduler.advance(17);
  expect(server.calls).toEqual(["get", "create"]);
  slow.freeze();
  await scheduler.advance(10_100);
  slow.thaw();
  await scheduler.advance(0);
  expect(slow.news).toEqual([]);
});

test("a process that is not ready leaves the Lease to others, and can be stopped", async () => {
  const { scheduler, server } = world();
  const ready = Promise.withResolvers<void>();
  const options = { client: server.client(), identity: "a", scheduler };
  const early = new LeaderElection({ ...options, ready: ready.promise });
  const never = new LeaderElection({ ...options, ready: new Promise(() => {}) });
  await scheduler.advance(60_000);
  expect(server.calls).toEqual([]);
  ready.resolve();
  await scheduler.advance(20);
  expect(early.isLeader).toBe(true);
  const stopped = never.stop();
  await scheduler.advance(100);
  await stopped;
});

test("a term says whether another has led since the last one", async () => {
  const { scheduler, server, state } = world();
  const leader = new Candidate(server, { identity: "a" });
  const resumed: boolean[] = [];
  leader.election.onChange((change) => change.leader && resumed.push(change.resumed));
  await scheduler.advance(1_000);
  state.fate = { ...swift, lost: "request" };
  await scheduler.advance(20_000);
  state.fate = swift;
  await scheduler.advance(5_000);
  server.write(held("b"));
  await scheduler.advance(20_000);
  expect(resumed).toEqual([false, true, false]);
});

test("a process without rivals leads from its start to its stop", async () => {
  const sole = soleLeader();
  expect([sole.isLeader, sole.signal.aborted]).toEqual([true, false]);
  expect(() => sole.assertHeld()).not.toThrow();
  await sole.stop();
  expect(sole.isLeader).toBe(false);
  expect(() => sole.assertHeld()).toThrow(NotLeaderError);
});

test("what keeps the Lease out of reach is told once, not every 2 s", async () => {
  const { scheduler, server, state } = world();
  const candidate = new Candidate(server, { identity: "a" });
  state.fate = { beforeMs: 1, afterMs: 1, lost: "request" };
  await scheduler.advance(60_000);
  expect(candidate.troubles.map(String)).toEqual(["KubeNetworkError: no answer"]);
});

test.each([
  [{ leaseMs: 500 }, /`leaseMs` to be at least 1000, got `500`/],
  [{ renewDeadlineMs: 14_000 }, /`renewDeadlineMs` to be below leaseMs - marginMs \(13000\), got `14000`/],
  [{ retryMs: 6_000 }, /`retryMs` to be above 0 and at most half of renewDeadlineMs \(5000\), got `6000`/],
  [{ marginMs: -1 }, /`marginMs` to be 0 or more, got `-1`/],
])("times that cannot work are refused: %j", (timing, message) => {
  expect(() => leaderElectionTiming(timing)).toThrow(message);
});

test("an empty identity, which would read as no holder, is refused", () => {
  const { server } = world();
  expect(() => new LeaderElection({ client: server.client(), identity: "" })).toThrow(/Expected `identity`/);
});
