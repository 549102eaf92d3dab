import { expect, test } from "vitest";
import { z } from "zod";
import { limitsSpec } from "./limits-spec.ts";

const spec = z.object({ limits: limitsSpec() });

test("durations are read as milliseconds, and all of it may be left out", () => {
  const limits = { retryFor: "1h30m", pendingFor: "72h", maxConcurrentSigns: 4, maxSignsPerSecond: 0.5 };
  expect(spec.parse({ limits }).limits).toEqual({
    retryForMs: 5_400_000,
    pendingForMs: 259_200_000,
    maxConcurrentSigns: 4,
    maxSignsPerSecond: 0.5,
  });
  expect(spec.parse({ limits: {} }).limits).toEqual({});
  expect(spec.parse({}).limits).toBeUndefined();
});

test.each([
  { retryFor: "soon" },
  { retryFor: "0s" },
  { pendingFor: "-1h" },
  { pendingFor: 60 },
  { maxConcurrentSigns: 0 },
  { maxConcurrentSigns: 1.5 },
  { maxSignsPerSecond: 0 },
])("%j is refused", (limits) => {
  expect(spec.safeParse({ limits }).success).toBe(false);
});
