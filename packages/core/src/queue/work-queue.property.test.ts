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
  fc.record({ do: fc.constant("park" as const), key }),
  fc.record({ do: fc.constant("unpark" as const), key, fails: fc.boolean() }),
  fc.record({ do: fc.constant("advance" as const), ms: fc.integer({ min: 0, max: 400 }) }),
  fc.record({ do: fc.constantFrom("pause" as const, "resume" as const) }),
);

test("whatever happens, no key runs beside itself, no limit is passed and no wish is lost", async () => {
  const scenario = fc.record({
    concurrency: fc.integer({ min: 1, max: 3 }),
    steps: fc.array(step, { maxLength: 60, size: "max" }),
    seed: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  });
  await fc.assert(
    fc.asyncProperty(scenario, async ({ concurrency, steps, seed }) => {
      let state = seed;
      const scheduler = new ManualScheduler(() => {
        state = (state * 48_271) % 2_147_483_647;
        return state / 2_147_483_647;
      });
      type Next = "end" | Error | PromiseWithResolvers<void>;
      /** Runs at work: each waits to be told what to do next. */
      const open = new Map<string, (next: Next) => void>();
      const parked = new Map<string, PromiseWithResolvers<void>>();
      /** Keys with a wish that no run has answered yet. */
      const wished = new Set<string>();
      const planned = new Error("failed");
      const broken: unknown[] = [];
      let draining = false;
      let paused = false;
      const queue = new WorkQueue({
        concurrency,
        scheduler,
        backoff: { initialMs: 50, maxMs: 1_000 },
        // Expectations within the work end up here.
        onError: (error) => void (error !== planned && broken.push(error)),
        process: async (name, _signal, park) => {
          expect(open.has(name) || parked.has(name)).toBe(false);
          wished.delete(name);
          while (!draining) {
            expect(open.size).toBeLessThan(concurrency);
            const next = await new Promise<Next>((resolve) => open.set(name, resolve));
            open.delete(name);
            if (next === "end") return;
            if (next instanceof Error) throw next;
            parked.set(name, next);
            await park(() => next.promise).catch(() => {});
            parked.delete(name);
          }
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
            if (action.limits) queue.addRateLimited(action.key);
            if (action.fails || action.limits) wished.add(action.key);
            end(action.fails ? planned : "end");
            break;
          }
          case "park":
            open.get(action.key)?.(Promise.withResolvers<void>());
            break;
          case "unpark":
            if (action.fails) parked.get(action.key)?.reject(new Error("no answer"));
            else parked.get(action.key)?.resolve();
            break;
          case "advance":
            await scheduler.advance(action.ms);
            break;
          default:
            if (action.do !== "forget") paused = action.do === "pause";
            queue[action.do as "pause" | "resume" | "forget"]("key" in action ? action.key : ("" as never));
        }
        await settle();
        expect(broken).toEqual([]);
        expect(queue.running).toBe(open.size + parked.size);
        // Nobody waits while a place is free.
        if (queue.depth > 0 && !paused) expect(open.size).toBe(concurrency);
      }

      draining = true;
      for (const { resolve } of parked.values()) resolve();
      for (const end of open.values()) end("end");
      queue.resume();
      await scheduler.advance(2_000);
      expect([...wished]).toEqual([]);
      expect(broken).toEqual([]);
      expect([queue.depth, queue.delayed, queue.running, scheduler.pending]).toEqual([0, 0, 0, 0]);
    }),
    { numRuns: 500 },
  );
});
