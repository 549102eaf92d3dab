import fc from "fast-check";
import { expect, test } from "vitest";
import { ManualScheduler, settle } from "./manual-scheduler-fixture.ts";
import { WorkQueue } from "./work-queue.ts";

const keys = ["a", "b", "c", "d"];
const key = fc.constantFrom(...keys);
const step = fc.oneof(
  fc.record({ do: fc.constant("add" as const), key, low: fc.boolean() }),
  fc.record({ do: fc.constant("addAfter" as const), key, ms: fc.integer({ min: 0, max: 500 }) }),
  fc.record({ do: fc.constant("addRateLimited" as const), key }),
  fc.record({ do: fc.constant("forget" as const), key }),
  fc.record({ do: fc.constant("finish" as const), key, fails: fc.boolean(), limits: fc.boolean() }),
  fc.record({ do: fc.constant("advance" as const), ms: fc.integer({ min: 0, max: 400 }) }),
  fc.record({ do: fc.constantFrom("pause" as const, "resume" as const) }),
);

test("whatever happens, no key runs beside itself, no limit is passed and no wish is lost", async () => {
  const scenario = fc.record({
    concurrency: fc.integer({ min: 1, max: 3 }),
    steps: fc.array(step, { maxLength: 60 }),
    seed: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  });
  await fc.assert(
    fc.asyncProperty(scenario, async ({ concurrency, steps, seed }) => {
      let state = seed;
      const scheduler = new ManualScheduler(() => {
        state = (state * 48_271) % 2_147_483_647;
        return state / 2_147_483_647;
      });
      const open = new Map<string, (error?: Error) => void>();
      /** Keys with a wish that no run has answered yet. */
      const wished = new Set<string>();
      let draining = false;
      const queue = new WorkQueue({
        concurrency,
        scheduler,
        backoff: { initialMs: 50, maxMs: 1_000 },
        process: (name) => {
          expect(open.has(name)).toBe(false);
          expect(open.size).toBeLessThan(concurrency);
          wished.delete(name);
          if (draining) return Promise.resolve();
          return new Promise<void>((resolve, reject) => {
            open.set(name, (error) => (error === undefined ? resolve() : reject(error)));
          });
        },
      });

      for (const action of steps) {
        switch (action.do) {
          case "add":
            queue.add(action.key, { priority: action.low ? "low" : "normal" });
            wished.add(action.key);
            break;
          case "addAfter":
            queue.addAfter(action.key, action.ms);
            wished.add(action.key);
            break;
          case "addRateLimited":
            queue.addRateLimited(action.key);
            wished.add(action.key);
            break;
          case "finish": {
            const end = open.get(action.key);
            if (end === undefined) break;
            open.delete(action.key);
            if (action.limits) queue.addRateLimited(action.key);
            if (action.fails || action.limits) wished.add(action.key);
            end(action.fails ? new Error("failed") : undefined);
            break;
          }
          case "advance":
            await scheduler.advance(action.ms);
            break;
          default:
            queue[action.do as "pause" | "resume" | "forget"]("key" in action ? action.key : ("" as never));
        }
        await settle();
        expect(queue.running).toBe(open.size);
      }

      draining = true;
      for (const end of open.values()) end();
      open.clear();
      queue.resume();
      await scheduler.advance(2_000);
      expect([...wished]).toEqual([]);
      expect([queue.depth, queue.delayed, queue.running, scheduler.pending]).toEqual([0, 0, 0, 0]);
    }),
    { numRuns: 500 },
  );
});
