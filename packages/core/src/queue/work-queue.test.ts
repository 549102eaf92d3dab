import { expect, test, vi } from "vitest";
import { ManualScheduler, settle } from "./manual-scheduler-fixture.ts";
import { WorkQueue, type WorkQueueOptions } from "./work-queue.ts";

/** A queue whose work is finished by the test. */
function harness(options: Partial<WorkQueueOptions> = {}) {
  const scheduler = new ManualScheduler();
  const started: string[] = [];
  const errors: [string, unknown][] = [];
  const open = new Map<string, { finish: () => void; fail: (error: Error) => void; signal: AbortSignal }>();
  const queue = new WorkQueue({
    concurrency: 1,
    scheduler,
    onError: (error, key) => errors.push([key, error]),
    process: (key, signal) =>
      new Promise<void>((finish, fail) => {
        started.push(key);
        open.set(key, { finish, fail, signal });
      }),
    ...options,
  });
  const finish = async (key: string) => {
    open.get(key)?.finish();
    await settle();
  };
  const fail = async (key: string, error = new Error("failed")) => {
    open.get(key)?.fail(error);
    await settle();
  };
  return { scheduler, queue, started, errors, open, finish, fail };
}

test(".add() - a key that waits is not added twice", async () => {
  const { queue, started, finish } = harness();
  queue.add("busy");
  await settle();
  queue.add("a");
  queue.add("a");
  queue.add("b");
  expect(queue.depth).toBe(2);
  await finish("busy");
  await finish("a");
  await finish("b");
  expect(started).toEqual(["busy", "a", "b"]);
});

test(".add() - work never starts inside the call", () => {
  const { queue, started } = harness();
  queue.add("a");
  expect(started).toEqual([]);
});

test(".add() - a key in process runs once more afterwards, however often it was added", async () => {
  const { queue, started, finish } = harness({ concurrency: 5 });
  queue.add("a");
  await settle();
  queue.add("a");
  queue.add("a");
  await settle();
  expect(started).toEqual(["a"]);
  await finish("a");
  expect(started).toEqual(["a", "a"]);
  await finish("a");
  expect(started).toEqual(["a", "a"]);
});

test(".add() - limited concurrency", async () => {
  const { queue, started, finish } = harness({ concurrency: 2 });
  for (const key of ["a", "b", "c"]) queue.add(key);
  await settle();
  expect(started).toEqual(["a", "b"]);
  expect([queue.running, queue.depth]).toEqual([2, 1]);
  await finish("a");
  expect(started).toEqual(["a", "b", "c"]);
});

test(".add() - low priority waits behind normal, first in first out within each", async () => {
  const { queue, started, finish } = harness({ paused: true });
  for (const key of ["l1", "l2"]) queue.add(key, { priority: "low" });
  for (const key of ["n1", "n2"]) queue.add(key);
  queue.resume();
  await settle();
  for (const key of ["n1", "n2", "l1"]) await finish(key);
  expect(started).toEqual(["n1", "n2", "l1", "l2"]);
});

test(".add() - a low key that is added with normal priority moves up", async () => {
  const { queue, started, finish } = harness({ paused: true });
  for (const key of ["l1", "l2", "l3"]) queue.add(key, { priority: "low" });
  queue.add("l3");
  queue.add("l3", { priority: "low" });
  queue.resume();
  await settle();
  for (const key of ["l3", "l1"]) await finish(key);
  expect(started).toEqual(["l3", "l1", "l2"]);
});

test(".add() - low priority has every ninth turn", async () => {
  const { queue, started, finish } = harness({ paused: true });
  queue.add("low", { priority: "low" });
  for (let i = 0; i < 12; i += 1) queue.add(`n${i}`);
  queue.resume();
  await settle();
  for (let i = 0; i < 12; i += 1) await finish(started.at(-1) ?? "");
  expect(started.indexOf("low")).toBe(8);
});

test(".addAfter() - runs when the time has come, not before", async () => {
  const { queue, started, scheduler } = harness();
  queue.addAfter("a", 100);
  expect(queue.delayed).toBe(1);
  await scheduler.advance(99);
  expect(started).toEqual([]);
  await scheduler.advance(1);
  expect(started).toEqual(["a"]);
  expect(queue.delayed).toBe(0);
});

test(".addAfter() - the earliest time counts", async () => {
  const { queue, started, scheduler, finish } = harness();
  queue.addAfter("a", 100);
  queue.addAfter("a", 50);
  queue.addAfter("a", 200);
  await scheduler.advance(50);
  expect(started).toEqual(["a"]);
  await finish("a");
  await scheduler.advance(1_000);
  expect(started).toEqual(["a"]);
});

test(".addAfter() - from within its own run, it comes again", async () => {
  const { queue, started, scheduler, finish } = harness();
  queue.add("a");
  await settle();
  queue.addAfter("a", 30);
  await finish("a");
  await scheduler.advance(30);
  expect(started).toEqual(["a", "a"]);
});

test(".addAfter() - a delay that ends during the run makes it run once more", async () => {
  const { queue, started, scheduler, finish } = harness();
  queue.add("a");
  await settle();
  queue.addAfter("a", 10);
  await scheduler.advance(20);
  expect(started).toEqual(["a"]);
  await finish("a");
  expect(started).toEqual(["a", "a"]);
});

test("an event during a back-off runs at once, and the run supersedes the back-off", async () => {
  const { queue, started, scheduler, finish } = harness();
  queue.addRateLimited("a");
  queue.add("a");
  await settle();
  expect(started).toEqual(["a"]);
  await finish("a");
  await scheduler.advance(1_000_000);
  expect(started).toEqual(["a"]);
});

test("work that throws is reported and comes again with doubling delays up to the bound", async () => {
  const { queue, started, scheduler, errors, fail } = harness({ backoff: { initialMs: 100, maxMs: 500 } });
  queue.add("a");
  await settle();
  // Random is one half: 50, 100, 200, then 250 from the bound of 500.
  for (const [runs, delay] of [50, 100, 200, 250, 250].entries()) {
    await fail("a");
    expect(queue.failures("a")).toBe(runs + 1);
    await scheduler.advance(delay - 1);
    expect(started).toHaveLength(runs + 1);
    await scheduler.advance(1);
    expect(started).toHaveLength(runs + 2);
  }
  expect(errors.map(([key]) => key)).toEqual(["a", "a", "a", "a", "a"]);
});

test("the default back-off goes from 250 ms to 5 minutes with full jitter", () => {
  const draws = [0.999_999, 0];
  const scheduler = new ManualScheduler(() => draws[0] ?? 0);
  const queue = new WorkQueue({ concurrency: 1, process: async () => {}, scheduler, paused: true });
  expect(Math.round(queue.addRateLimited("a"))).toBe(250);
  for (let i = 0; i < 30; i += 1) queue.addRateLimited("a");
  expect(Math.round(queue.addRateLimited("a"))).toBe(300_000);
  draws.shift();
  expect(queue.addRateLimited("a")).toBe(0);
});

test("a run that returns normally starts the back-off from the beginning", async () => {
  const { queue, started, scheduler, finish, fail } = harness();
  queue.add("a");
  await settle();
  await fail("a");
  await scheduler.advance(300_000);
  expect(started).toHaveLength(2);
  expect(queue.failures("a")).toBe(1);
  await finish("a");
  expect(queue.failures("a")).toBe(0);
});

test(".addRateLimited() - from within its own run, the back-off grows although the run returns normally", async () => {
  const { queue, scheduler, finish } = harness();
  queue.add("a");
  await settle();
  queue.addRateLimited("a");
  await finish("a");
  await scheduler.advance(300_000);
  queue.addRateLimited("a");
  await finish("a");
  expect(queue.failures("a")).toBe(2);
});

test(".addRateLimited() - then a throw in the same run counts once", async () => {
  const { queue, fail } = harness();
  queue.add("a");
  await settle();
  queue.addRateLimited("a");
  await fail("a");
  expect(queue.failures("a")).toBe(1);
});

test(".forget() - starts the back-off from the beginning", () => {
  const { queue } = harness({ paused: true });
  queue.addRateLimited("a");
  queue.addRateLimited("a");
  queue.forget("a");
  queue.forget("unknown");
  expect(queue.failures("a")).toBe(0);
  expect(queue.delayed).toBe(1);
});

test("work that throws before it is asynchronous does not block its key", async () => {
  let runs = 0;
  const scheduler = new ManualScheduler();
  const queue = new WorkQueue({
    concurrency: 1,
    scheduler,
    process: () => {
      runs += 1;
      throw new Error("at once");
    },
  });
  queue.add("a");
  await scheduler.advance(600_000);
  expect(runs).toBeGreaterThan(3);
  expect(queue.running).toBe(0);
});

test("a hook that throws does not stop the queue", async () => {
  const { queue, started, scheduler, fail } = harness({
    onError: () => {
      throw new Error("bad hook");
    },
  });
  queue.add("a");
  await settle();
  await fail("a");
  await scheduler.advance(300_000);
  expect(started).toEqual(["a", "a"]);
});

/** A queue of one place whose work parks until the test lets it go on. */
function parking() {
  const log: string[] = [];
  const answers = new Map<string, PromiseWithResolvers<string>>();
  const queue = new WorkQueue({
    concurrency: 1,
    scheduler: new ManualScheduler(),
    process: async (key, _signal, park) => {
      log.push(`${key} begins`);
      if (key.startsWith("waits")) {
        const answer = Promise.withResolvers<string>();
        answers.set(key, answer);
        log.push(`${key} ${await park(() => answer.promise).catch((error: Error) => error.message)}`);
      }
      const work = Promise.withResolvers<string>();
      answers.set(key, work);
      await work.promise;
      log.push(`${key} ends`);
    },
  });
  const answer = async (key: string, text = "") => {
    answers.get(key)?.resolve(text);
    await settle();
  };
  return { queue, log, answers, answer };
}

test("park - the place goes to another key meanwhile, and the run goes on only when it has one again", async () => {
  const { queue, log, answer } = parking();
  queue.add("waits-1");
  queue.add("b");
  queue.add("c");
  await settle();
  expect(log).toEqual(["waits-1 begins", "b begins"]);
  expect([queue.running, queue.depth]).toEqual([2, 1]);
  await answer("waits-1", "answered");
  expect(log).toHaveLength(2);
  await answer("b");
  expect(log.slice(2)).toEqual(["b ends", "waits-1 answered"]);
  await answer("waits-1");
  expect(log.slice(4)).toEqual(["waits-1 ends", "c begins"]);
});

test("park - a call that fails, or that throws at once, takes its place again too", async () => {
  const { queue, log, answers, answer } = parking();
  queue.add("waits-1");
  await settle();
  answers.get("waits-1")?.reject(new Error("failed"));
  await settle();
  queue.add("b");
  await settle();
  expect(log).toEqual(["waits-1 begins", "waits-1 failed"]);
  await answer("waits-1");
  expect(log.slice(2)).toEqual(["waits-1 ends", "b begins"]);
});

test("park - a key that is parked is in process: it is not begun beside itself, and a stop waits for it", async () => {
  const { queue, log, answer } = parking();
  queue.add("waits-1");
  await settle();
  queue.add("waits-1");
  await settle();
  expect(log).toEqual(["waits-1 begins"]);
  let stopped: readonly string[] | undefined;
  const stop = queue.stop({ drainMs: 1_000 }).then((left) => {
    stopped = left;
  });
  await answer("waits-1", "answered");
  expect([log.at(-1), stopped]).toEqual(["waits-1 answered", undefined]);
  await answer("waits-1");
  await stop;
  expect(stopped).toEqual([]);
});

test(".pause() - keys are accepted and wait; running work goes on", async () => {
  const { queue, started, finish } = harness();
  queue.add("a");
  await settle();
  queue.pause();
  queue.add("b");
  await finish("a");
  expect(started).toEqual(["a"]);
  queue.resume();
  await settle();
  expect(started).toEqual(["a", "b"]);
});

test(".oldestAgeMs - the wait of the oldest ready key", async () => {
  const { queue, scheduler } = harness({ paused: true });
  expect(queue.oldestAgeMs).toBe(0);
  queue.add("low", { priority: "low" });
  await scheduler.advance(30);
  queue.add("normal");
  await scheduler.advance(12);
  expect(queue.oldestAgeMs).toBe(42);
  queue.add("low");
  expect(queue.oldestAgeMs).toBe(12);
});

test(".idle() - resolves when no key is ready or in process", async () => {
  const { queue, finish } = harness();
  await queue.idle();
  queue.add("a");
  queue.add("b");
  let idle = false;
  const waiting = queue.idle().then(() => {
    idle = true;
  });
  await settle();
  await finish("a");
  expect(idle).toBe(false);
  await finish("b");
  await waiting;
});

test(".stop() - lets running work finish, drops the rest and accepts no more", async () => {
  const { queue, started, scheduler, open, finish } = harness();
  queue.add("a");
  queue.add("b");
  queue.addAfter("c", 10);
  await settle();
  const stopped = queue.stop({ drainMs: 100 });
  queue.add("d");
  queue.addAfter("d", 1);
  queue.addRateLimited("d");
  await scheduler.advance(50);
  expect(open.get("a")?.signal.aborted).toBe(false);
  await finish("a");
  expect(await stopped).toEqual([]);
  await scheduler.advance(10_000);
  expect(started).toEqual(["a"]);
  expect(scheduler.pending).toBe(0);
});

test(".stop() - aborts work that outlasts its patience, and names what heeds nothing", async () => {
  const { queue, scheduler, open, finish } = harness({ concurrency: 2 });
  queue.add("heeds");
  queue.add("deaf");
  await settle();
  open.get("heeds")?.signal.addEventListener("abort", () => open.get("heeds")?.finish());
  const stopped = queue.stop({ drainMs: 100, graceMs: 50 });
  await scheduler.advance(99);
  expect(open.get("heeds")?.signal.aborted).toBe(false);
  await scheduler.advance(1);
  expect(open.get("heeds")?.signal.aborted).toBe(true);
  await scheduler.advance(50);
  expect(await stopped).toEqual(["deaf"]);
  await finish("deaf");
});

test(".stop() - with nothing to do resolves at once", async () => {
  const { queue } = harness();
  expect(await queue.stop({ drainMs: 60_000 })).toEqual([]);
});

test("nothing is remembered of keys that are done with", async () => {
  const { queue, scheduler, finish, fail } = harness({ concurrency: 10 });
  queue.add("a");
  await settle();
  await fail("a");
  await scheduler.advance(300_000);
  await finish("a");
  queue.addAfter("b", 5);
  await scheduler.advance(5);
  await finish("b");
  expect([queue.depth, queue.delayed, queue.running, scheduler.pending]).toEqual([0, 0, 0, 0]);
});

test("works with fake timers and the system's scheduler", async () => {
  vi.useFakeTimers();
  try {
    const ran: string[] = [];
    const queue = new WorkQueue({ concurrency: 1, process: async (key) => void ran.push(key) });
    queue.addAfter("a", 60_000);
    await vi.advanceTimersByTimeAsync(59_999);
    expect(ran).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(ran).toEqual(["a"]);
  } finally {
    vi.useRealTimers();
  }
});

test("20,000 ready and 20,000 delayed keys take less than a second of the CPU", async () => {
  let done = 0;
  const queue = new WorkQueue({
    concurrency: 50,
    process: async () => {
      done += 1;
    },
  });
  const begun = process.cpuUsage();
  for (let i = 0; i < 20_000; i += 1) {
    queue.add(`ready-${i}`, { priority: "low" });
    queue.addAfter(`delayed-${i}`, (i * 7919) % 100);
  }
  await expect.poll(() => done, { interval: 10 }).toBe(40_000);
  const { user, system } = process.cpuUsage(begun);
  expect((user + system) / 1000).toBeLessThan(1_000);
});

test.each([
  [{ concurrency: 0 }, "Expected `concurrency` to be an integer from 1 up, got `0`"],
  [{ concurrency: 1.5 }, "Expected `concurrency` to be an integer from 1 up, got `1.5`"],
  [
    { backoff: { initialMs: 10, maxMs: 5 } },
    "Expected `backoff` to have 0 < initialMs <= maxMs, got `initialMs: 10, maxMs: 5`",
  ],
])("a wrong option is refused: %j", (options, message) => {
  expect(() => new WorkQueue({ concurrency: 1, process: async () => {}, ...options })).toThrow(
    new TypeError(message),
  );
});
