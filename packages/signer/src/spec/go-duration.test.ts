import { expect, test } from "vitest";
import { parseGoDuration } from "./go-duration.ts";

test.each([
  ["2160h0m0s", 7_776_000],
  ["1h30m", 5400],
  ["1.5h", 5400],
  ["100ms", 0.1],
  ["+5s", 5],
  ["0", 0],
])("reads %s as %d seconds", (text, seconds) => {
  expect(parseGoDuration(text)).toBeCloseTo(seconds, 9);
});

test.each(["", "5", "-5s", "1d", "h", "1h ", " 1h", "1h-5m", ".h", "9".repeat(400)])("refuses %j", (text) => {
  expect(parseGoDuration(text)).toBeUndefined();
});
