import { expect, test } from "vitest";
import { isoPeriod } from "./iso-period.ts";

test.each([
  [90 * 86_400, "P90D"],
  [86_400, "P1D"],
  [86_400 + 7_200, "P1DT2H0M0S"],
  [3_661, "PT1H1M1S"],
  [0, "P0D"],
  [-1, "P0D"],
])("isoPeriod of %d s is %s", (seconds, period) => {
  expect(isoPeriod(seconds)).toBe(period);
});
