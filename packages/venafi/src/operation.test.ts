import { describe, expect, test } from "vitest";
import { nextLookMs, venafiOperation } from "./operation.ts";

describe("nextLookMs", () => {
  test("grows from 2 s to a minute with what was waited", () => {
    expect([0, 4_000, 8_000, 20_000, 100_000, 240_000, 1e9].map((age) => nextLookMs(50, 50 + age))).toEqual([
      2_000, 2_000, 2_000, 5_000, 25_000, 60_000, 60_000,
    ]);
  });

  test("is short where the clock was set back", () => {
    expect(nextLookMs(1_000_000, 0)).toBe(2_000);
  });
});

describe("venafiOperation", () => {
  test.each([{}, { kind: "tpp" }, { kind: "cloud", id: "" }, { kind: "x", id: "1", requestedAt: 0 }])(
    "refuses %j",
    (value) => {
      expect(venafiOperation.safeParse(value).success).toBe(false);
    },
  );
});
