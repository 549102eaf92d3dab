import fc from "fast-check";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { settle } from "../queue/manual-scheduler-fixture.ts";
import { type Issuable, issuables } from "./simulated-pki-fixture.ts";
import { SimulatedWorld } from "./simulated-world-fixture.ts";

const issuers = ["i1", "i2"];
const names = ["r0", "r1", "r2", "r3", "r4", "r5"];
/** The longest of all waits, a back-off of 45 s, and what follows on it. */
const calmMs = 90_000;

const name = fc.constantFrom(...names);
const issuer = fc.constantFrom(...issuers);
const mode = fc.constantFrom("ok", "slow", "down", "losing", "unauthorized", "hung", "pending");
const action = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("create"), name, issuer }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("delete"), name }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("mode"), issuer, mode }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom("touch", "respec", "remove", "restore"), issuer }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("faults"), share: fc.constantFrom(0, 0.3, 0.6, 1) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("cut") }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("delay"),
      watchMs: fc.constantFrom(0, 500, 3_000),
      callMs: fc.constantFrom(0, 30, 800),
    }),
  },
);
const scenario = fc.record({
  signer: fc.constantFrom("idempotent", "find", "plain"),
  seed: fc.integer({ min: 1, max: 2 ** 31 - 2 }),
  steps: fc.array(fc.record({ afterMs: fc.integer({ min: 0, max: 4_000 }), action }), {
    maxLength: 40,
    size: "max",
  }),
});

let all: ReadonlyMap<string, Issuable>;

beforeAll(async () => {
  all = await issuables(names);
});
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

async function advance(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 100) {
    await vi.advanceTimersByTimeAsync(Math.min(left, 100));
    await settle();
  }
}

async function stop(world: SimulatedWorld): Promise<void> {
  const stopped = world.stop();
  await advance(3_000);
  await stopped;
}

/** Random, and the same again for the same seed. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

test("R1-R18: whatever happens, once everything works again every request is issued within its time", async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ signer, seed, steps }) => {
      const random = seeded(seed);
      vi.spyOn(Math, "random").mockImplementation(random);
      const world = new SimulatedWorld({ signer, issuers, issuables: all, random });
      for (const { afterMs, action: what } of steps) {
        await advance(afterMs);
        world.apply(what);
      }
      world.calmDown();
      for (let waited = 0; waited < calmMs && world.open.length > 0; waited += 1_000) await advance(1_000);
      expect(world.open).toEqual([]);

      // A second certificate for one request is there only where nobody can prevent it, and never silent.
      const twice = [...world.pki.ledger].filter(([, times]) => times > 1).map(([uid]) => uid);
      expect(twice.filter((uid) => signer !== "plain" || !world.doubted.has(uid))).toEqual([]);
      await stop(world);
    }),
    { numRuns: 100 },
  );
}, 120_000);

test("R18: an issuer that is replaced by another of its name in one go is checked, and serves its requests", async () => {
  const world = new SimulatedWorld({ signer: "plain", issuers, issuables: all, random: seeded(1) });
  await advance(1_000);
  world.apply({ do: "remove", issuer: "i1" });
  world.apply({ do: "restore", issuer: "i1" });
  world.apply({ do: "create", name: "r0", issuer: "i1" });
  await advance(2_000);
  expect(world.open).toEqual([]);
  await stop(world);
});

test("R12: a request that met a long trouble of the API server is issued within 30 s after it", async () => {
  for (let seed = 1; seed <= 5; seed += 1) {
    const world = new SimulatedWorld({ signer: "plain", issuers, issuables: all, random: seeded(seed) });
    await advance(1_000);
    world.apply({ do: "faults", share: 1 });
    world.apply({ do: "create", name: "r0", issuer: "i1" });
    await advance(300_000);
    expect(world.open).toHaveLength(1);
    world.apply({ do: "faults", share: 0 });
    await advance(31_000);
    expect(world.open).toEqual([]);
    await stop(world);
  }
});
