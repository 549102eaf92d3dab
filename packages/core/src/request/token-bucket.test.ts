import { expect, test } from "vitest";
import { TokenBucket } from "./token-bucket.ts";

function bucket(perSecond: number) {
  const clock = { now: 0 };
  return { clock, bucket: new TokenBucket({ perSecond, monotonic: () => clock.now }) };
}

test("R8: keeps to the rate over time, whatever the burst before", () => {
  const { bucket: tokens, clock } = bucket(10);
  let taken = 0;
  for (; clock.now < 60_000; clock.now += 10) {
    if (tokens.waitMs > 0) continue;
    tokens.take();
    taken += 1;
  }
  expect(taken).toBeGreaterThanOrEqual(600);
  expect(taken).toBeLessThanOrEqual(610);
});

test("says how long the next token takes, also below one in a second", () => {
  const { bucket: tokens, clock } = bucket(0.5);
  expect(tokens.waitMs).toBe(0);
  tokens.take();
  expect(tokens.waitMs).toBe(2000);
  clock.now += 1999;
  expect(tokens.waitMs).toBe(1);
  clock.now += 1;
  expect(tokens.waitMs).toBe(0);
});

test("without a limit there is always a token", () => {
  const { bucket: tokens } = bucket(Number.POSITIVE_INFINITY);
  for (let at = 0; at < 10_000; at += 1) tokens.take();
  expect(tokens.waitMs).toBe(0);
});

test("a token that is given back can be taken again", () => {
  const { bucket: tokens } = bucket(1);
  tokens.take();
  expect(tokens.waitMs).toBe(1000);
  tokens.giveBack();
  expect(tokens.waitMs).toBe(0);
});
