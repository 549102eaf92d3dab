import fc from "fast-check";
import { expect, test } from "vitest";
import { ManualScheduler } from "../queue/manual-scheduler-fixture.ts";
import { Candidate, type Fate, LeaseServer } from "./lease-world-fixture.ts";

/** Mulberry32. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const pick = <T>(random: () => number, values: readonly T[]) =>
  values[Math.floor(random() * values.length)] as T;

interface Trial {
  /** Moments at which somebody held the lease, and those of them with more than one holder. */
  readonly led: number;
  readonly twice: number;
  readonly looks: number;
  /** How often the lease changed hands. */
  readonly transitions: number;
  /** Holders after the last fault has been over for half a minute. */
  readonly holders: number;
}

/** Three candidates with wrong clocks, in a world of slow and lost calls, pauses, restarts and thefts. */
async function trial(seed: number): Promise<Trial> {
  const random = generator(seed);
  const scheduler = new ManualScheduler();
  let calm = false;
  const fate = (): Fate => {
    const slow = calm || random() < 0.7 ? 100 : pick(random, [500, 3_000, 12_000]);
    const lost = calm || random() < 0.6 ? "nothing" : pick(random, ["request", "answer"] as const);
    return { beforeMs: random() * slow, afterMs: random() * slow, lost };
  };
  const server = new LeaseServer(scheduler, fate);
  let born = 0;
  const newCandidate = () => {
    born += 1;
    let errorMs = (random() - 0.5) * 1_200_000;
    const skewMs = () => {
      if (!calm && random() < 0.002) errorMs += (random() - 0.5) * 60_000;
      return errorMs;
    };
    const clocks = { rate: 0.98 + random() * 0.04, skewMs };
    return new Candidate(server, { identity: `candidate-${born}`, random, clocks });
  };
  const candidates = [newCandidate(), newCandidate(), newCandidate()];
  let [led, twice, looks] = [0, 0, 0];
  const look = () => {
    const passing = candidates.filter((each) => !each.asleep && each.passes).length;
    looks += 1;
    if (passing > 0) led += 1;
    if (passing > 1) twice += 1;
  };
  const disturb = () => {
    const at = Math.floor(random() * candidates.length);
    const victim = candidates[at] as Candidate;
    const dice = random();
    if (victim.asleep) victim.thaw(look);
    else if (dice < 0.6) victim.freeze();
    else {
      // A clean stop, or a crash: it never runs again.
      if (dice < 0.8) void victim.election.stop();
      else victim.freeze();
      candidates[at] = newCandidate();
    }
  };
  while (scheduler.monotonic() < 150_000) {
    await scheduler.advance(random() * 400);
    look();
    if (random() < 0.05) disturb();
  }
  calm = true;
  for (const each of candidates) each.thaw(look);
  for (let i = 0; i < 150; i += 1) {
    await scheduler.advance(300);
    look();
  }
  const transitions = server.lease?.spec?.leaseTransitions ?? 0;
  const holders = candidates.filter(({ passes }) => passes).length;
  return { led, twice, looks, transitions, holders };
}

test("R4: of three candidates with wrong clocks, under delays, losses, pauses and restarts, never two hold the lease at once", {
  timeout: 60_000,
}, async () => {
  const all: Trial[] = [];
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      const result = await trial(seed);
      all.push(result);
      expect(result).toMatchObject({ twice: 0, holders: 1 });
    }),
    { numRuns: 100 },
  );
  const sum = (value: (trial: Trial) => number) => all.reduce((total, each) => total + value(each), 0);
  // The trials are worth something only if the lease is held most of the time, and changes hands.
  expect(sum(({ led }) => led) / sum(({ looks }) => looks)).toBeGreaterThan(0.3);
  expect(sum(({ transitions }) => transitions)).toBeGreaterThan(2 * all.length);
});
