import { expect, test } from "vitest";
import { settle } from "../queue/manual-scheduler-fixture.ts";
import { WorkQueue } from "../queue/work-queue.ts";
import type { Leadership } from "./leadership.ts";
import { NotLeaderError } from "./not-leader-error.ts";
import { type Work, whileLeading } from "./while-leading.ts";

/** A queue whose work is bound to terms that the test begins and ends. */
function fixture(work: Work) {
  let term = new AbortController();
  const leadership: Leadership = {
    get isLeader() {
      return !term.signal.aborted;
    },
    get signal() {
      return term.signal;
    },
    assertHeld: () => term.signal.throwIfAborted(),
    onChange: () => {},
    stop: async () => {},
  };
  const errors: unknown[] = [];
  const queue: WorkQueue = new WorkQueue({
    concurrency: 2,
    process: whileLeading(leadership, work, (key) => queue.add(key)),
    onError: (error) => errors.push(error),
  });
  return {
    queue,
    errors,
    lose() {
      queue.pause();
      term.abort(new NotLeaderError());
    },
    acquire() {
      term = new AbortController();
      queue.resume();
    },
  };
}

const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

test("the end of a term aborts what runs, which is no error and no back-off, and the next term does it again", async () => {
  const ended: unknown[] = [];
  let runs = 0;
  const { queue, errors, lose, acquire } = fixture(async (_, signal) => {
    runs += 1;
    if (runs === 1) await untilAborted(signal).catch((reason) => ended.push(reason));
    signal.throwIfAborted();
  });
  queue.add("a");
  await settle();
  lose();
  await settle();
  expect(ended).toEqual([expect.any(NotLeaderError)]);
  expect([runs, queue.depth, queue.failures("a")]).toEqual([1, 1, 0]);
  acquire();
  await settle();
  expect([runs, queue.depth]).toEqual([2, 0]);
  expect(errors).toEqual([]);
});

test("work that was not cut off but ended in another term's time comes again too", async () => {
  let runs = 0;
  const slow = Promise.withResolvers<void>();
  const { queue, lose, acquire } = fixture(async () => {
    runs += 1;
    await slow.promise;
  });
  queue.add("a");
  await settle();
  lose();
  slow.resolve();
  await settle();
  acquire();
  await settle();
  expect(runs).toBe(2);
});

test("errors within a term are the queue's business", async () => {
  const error = new Error("broken");
  const { queue, errors } = fixture(async () => Promise.reject(error));
  queue.add("a");
  await settle();
  expect(errors).toEqual([error]);
  expect(queue.failures("a")).toBe(1);
  await queue.stop({ drainMs: 0 });
});

test("a stop of the queue is passed on, and brings nothing back", async () => {
  let reason: unknown;
  const { queue } = fixture((_, signal) =>
    untilAborted(signal).catch((error) => {
      reason = error;
    }),
  );
  queue.add("a");
  await settle();
  expect(await queue.stop({ drainMs: 0 })).toEqual([]);
  expect(reason).toMatchObject({ message: "the work queue has stopped" });
  expect(queue.depth).toBe(0);
});
