import { describe, expect, test } from "vitest";
import {
  type AttemptTimes,
  readTimes,
  timesAtCall,
  timesWhilePending,
  timesWhileWaiting,
} from "./attempt-times.ts";

const hour = 3_600_000;

describe("the times of an attempt", () => {
  test("begin with the first call, and stay", () => {
    const first = timesAtCall({}, 1000);
    expect(first).toEqual({ triedSinceMs: 1000 });
    expect(timesAtCall(first, 5000)).toEqual({ triedSinceMs: 1000 });
  });

  test("a wait for the issuer does not count, however often it comes", () => {
    let times: AttemptTimes = timesAtCall({}, 0);
    // One hour of trouble, then ten hours of waiting, three times over.
    for (let at = 0, round = 0; round < 3; round += 1) {
      at += hour;
      times = timesWhileWaiting(times, at);
      times = timesWhileWaiting(times, at + hour);
      at += 10 * hour;
      times = timesAtCall(times, at);
      expect(at - (times.triedSinceMs ?? 0)).toBe((round + 1) * hour);
    }
    expect(times.waitingSinceMs).toBeUndefined();
  });

  test("another replica's clock that is ahead never puts the beginning into the future", () => {
    expect(timesAtCall({ triedSinceMs: 9000, waitingSinceMs: 8000 }, 5000).triedSinceMs).toBe(5000);
  });

  test("a pending answer ends the trouble and keeps its own beginning", () => {
    const pending = timesWhilePending(timesAtCall({}, 0), 10);
    expect(pending).toEqual({ pendingSinceMs: 10 });
    expect(timesWhilePending(timesAtCall(pending, 500), 600)).toEqual({ pendingSinceMs: 10 });
  });

  test.each([
    [
      { triedSinceMs: 1, waitingSinceMs: 2, pendingSinceMs: 3 },
      { triedSinceMs: 1, waitingSinceMs: 2, pendingSinceMs: 3 },
    ],
    [{ triedSinceMs: "1", waitingSinceMs: null, other: 3 }, {}],
    [[], {}],
  ])("are read from a record: %j", (value, times) => {
    expect(readTimes(value)).toEqual(times);
  });
});
