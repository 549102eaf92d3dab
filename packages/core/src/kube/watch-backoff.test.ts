import { expect, test } from "vitest";
import { listWatchDefaults } from "./list-watch.ts";
import { WatchBackoff } from "./watch-backoff.ts";

const upperBounds = () => new WatchBackoff(listWatchDefaults, { random: () => 1 });

test("failures in a row rest from 800 ms to 30 s", () => {
  const backoff = upperBounds();
  const rests = Array.from({ length: 8 }, () => backoff.afterFailure(0));
  expect(rests).toEqual([800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]);
});

test("the jitter is full", () => {
  const backoff = new WatchBackoff(listWatchDefaults, { random: () => 0 });
  expect([backoff.afterFailure(0), backoff.afterFailure(0)]).toEqual([0, 0]);
});

test("120 s of health start the back-off from the beginning", () => {
  const backoff = upperBounds();
  for (let i = 0; i < 6; i += 1) backoff.afterFailure(0);
  expect(backoff.afterFailure(120_000)).toBe(800);
  expect(backoff.afterFailure(0)).toBe(800);
  expect(backoff.afterFailure(0)).toBe(1_600);
});

test("a watch that lived for 10 s rests shortly, but does not prove the server healthy", () => {
  const backoff = upperBounds();
  for (let i = 0; i < 3; i += 1) backoff.afterFailure(0);
  expect(backoff.afterFailure(10_000)).toBe(800);
  expect(backoff.afterEnd(10_000)).toBe(800);
  expect(backoff.afterFailure(9_999)).toBe(6_400);
});

test("connections that are cut every minute, for ever, never lead to longer rests", () => {
  const backoff = upperBounds();
  for (let i = 0; i < 100; i += 1) expect(backoff.afterFailure(60_000)).toBe(800);
});

test("a watch that ends after its agreed life is opened again at once; ends after no time at all rest longer and longer", () => {
  const backoff = upperBounds();
  expect(backoff.afterEnd(240_000)).toBe(0);
  expect([backoff.afterEnd(0), backoff.afterEnd(0), backoff.afterEnd(0)]).toEqual([800, 1_600, 3_200]);
});
