import { expect, test } from "vitest";
import { ManualScheduler } from "../queue/manual-scheduler-fixture.ts";
import { LoopLag } from "./loop-lag.ts";

/** Timers of a loop that may be blocked: time passes and none fires. */
class BlockedScheduler extends ManualScheduler {
  blockedMs = 0;

  override monotonic(): number {
    return super.monotonic() + this.blockedMs;
  }
}

test("a loop that runs its timers in time has no lag", async () => {
  const scheduler = new ManualScheduler();
  const lag = new LoopLag(scheduler);
  await scheduler.advance(10_500);
  expect(lag.ms).toBe(0);
});

test("a block shows at once, in the next sample, and no longer in the one after", async () => {
  const scheduler = new BlockedScheduler();
  const lag = new LoopLag(scheduler);
  await scheduler.advance(1_000);
  scheduler.blockedMs = 20_000;
  expect(lag.ms).toBe(19_000);
  await scheduler.advance(1_000);
  expect(lag.ms).toBe(20_000);
  await scheduler.advance(1_000);
  expect(lag.ms).toBe(0);
});

test("after a stop nothing is sampled", () => {
  const scheduler = new ManualScheduler();
  new LoopLag(scheduler).stop();
  expect(scheduler.pending).toBe(0);
});
