import { describe, expect, test } from "vitest";
import { RetryWait } from "./retry-wait.ts";

const half = { random: () => 0.5 };
const failed = { afterMs: 0, backOff: "short" as const };

describe("RetryWait", () => {
  test("doubles the back-off with each failure in a row, below a minute", () => {
    const wait = new RetryWait();
    const waits = Array.from({ length: 9 }, () => wait.begin(failed, 0, half));
    expect(waits).toEqual([250, 500, 1000, 2000, 4000, 8000, 16_000, 22_500, 22_500]);
  });

  test("goes on to an hour, and is never hastened, where the next try is no likelier to succeed", () => {
    const wait = new RetryWait();
    const long = { afterMs: 0, backOff: "long" as const };
    const waits = Array.from({ length: 15 }, () => wait.begin(long, 0, half));
    expect(waits.slice(7)).toEqual([
      32_000, 64_000, 128_000, 256_000, 512_000, 1_024_000, 1_800_000, 1_800_000,
    ]);
    expect(wait.hasten(1)).toBeUndefined();
  });

  test("begins anew after a try that has not failed", () => {
    const wait = new RetryWait();
    for (let at = 0; at < 5; at += 1) wait.begin(failed, 0, half);
    expect(wait.begin({ afterMs: 700, backOff: "none" as const }, 0, half)).toBe(700);
    expect(wait.begin(failed, 0, half)).toBe(250);
  });

  test("adds the back-off to what the PKI asks for", () => {
    const wait = new RetryWait();
    expect(wait.begin({ afterMs: 2000, backOff: "short" as const }, 1000, half)).toBe(2250);
    expect(wait.notBeforeMs).toBe(3250);
  });

  test("hasten: the back-off ends, what the PKI asked for does not", () => {
    const wait = new RetryWait();
    wait.begin({ afterMs: 2000, backOff: "short" as const }, 1000, half);
    expect(wait.hasten(1500)).toBe(1500);
    expect(wait.notBeforeMs).toBe(3000);
  });

  test("hasten: the time of an order that is pending is the PKI's own", () => {
    const wait = new RetryWait();
    wait.begin({ afterMs: 2000, backOff: "none" as const }, 0, half);
    expect(wait.hasten(1)).toBeUndefined();
    expect(wait.notBeforeMs).toBe(2000);
  });

  test("hasten: nothing is left to end of a wait that has not begun, is over, or was hastened", () => {
    const wait = new RetryWait();
    expect(wait.hasten(0)).toBeUndefined();
    wait.begin(failed, 0, half);
    expect(wait.hasten(250)).toBeUndefined();
    wait.begin(failed, 0, half);
    expect(wait.hasten(100)).toBe(0);
    expect(wait.hasten(100)).toBeUndefined();
  });

  test("hasten: a try that fails although it was hastened is followed by a whole back-off", () => {
    const wait = new RetryWait();
    wait.begin(failed, 0, half);
    wait.hasten(0);
    expect(wait.begin(failed, 10, half)).toBe(500);
    expect(wait.hasten(20)).toBeUndefined();
    wait.begin(failed, 510, half);
    expect(wait.hasten(520)).toBe(0);
  });
});
