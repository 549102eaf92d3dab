import { getEventListeners } from "node:events";
import { expect, test, vi } from "vitest";
import { ManualScheduler, settle } from "./manual-scheduler-fixture.ts";
import { pause, systemScheduler, untilAborted, within } from "./scheduler.ts";

test("pause resolves after its time, or at once when the signal aborts, and leaves nothing behind", async () => {
  const scheduler = new ManualScheduler();
  const stop = new AbortController();
  let over = 0;
  const count = () => {
    over += 1;
  };
  pause(scheduler, 100, stop.signal).then(count);
  pause(scheduler, 500, stop.signal).then(count);
  await scheduler.advance(100);
  expect(over).toBe(1);
  stop.abort();
  await settle();
  expect(over).toBe(2);
  expect(scheduler.pending).toBe(0);
  expect(getEventListeners(stop.signal, "abort")).toEqual([]);
  await pause(scheduler, 100, stop.signal);
});

test("untilAborted settles with the promise, or rejects with the signal's reason", async () => {
  const stop = new AbortController();
  expect(await untilAborted(Promise.resolve(1), stop.signal)).toBe(1);
  expect(await untilAborted(Promise.resolve(1), undefined)).toBe(1);
  const failing = untilAborted(Promise.reject(new Error("own")), stop.signal);
  await expect(failing).rejects.toThrow("own");
  const waiting = untilAborted(new Promise(() => {}), stop.signal);
  stop.abort(new Error("enough"));
  await expect(waiting).rejects.toThrow("enough");
  await expect(untilAborted(Promise.resolve(1), stop.signal)).rejects.toThrow("enough");
});

test("within rejects what is late, and leaves no timer behind what is not", async () => {
  const scheduler = new ManualScheduler();
  expect(await within(scheduler, 100, Promise.resolve(1), () => new Error("late"))).toBe(1);
  await settle();
  expect(scheduler.pending).toBe(0);
  const late = within(scheduler, 100, new Promise(() => {}), () => new Error("late"));
  await Promise.all([expect(late).rejects.toThrow("late"), scheduler.advance(100)]);
});

test("a delay longer than a timer can take does not fire at once", () => {
  vi.useFakeTimers();
  const action = vi.fn();
  const cancel = systemScheduler.after(365 * 24 * 3_600_000, action);
  vi.advanceTimersByTime(24 * 24 * 3_600_000);
  expect(action).not.toHaveBeenCalled();
  cancel();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});
