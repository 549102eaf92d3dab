import { expect, test } from "vitest";
import { spokenDuration } from "./spoken-duration.ts";

test.each([
  [7 * 86_400_000, "7 days"],
  [86_400_000, "1 day"],
  [36 * 3_600_000, "36 hours"],
  [90 * 60_000, "90 minutes"],
  [61_000, "61 seconds"],
  [1_500, "2 seconds"],
  [50, "0 seconds"],
])("%i ms is %s", (ms, text) => {
  expect(spokenDuration(ms)).toBe(text);
});
