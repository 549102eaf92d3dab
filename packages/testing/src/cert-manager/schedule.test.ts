import { describe, expect, test } from "vitest";
import { defaultBackOff, retryTime } from "./back-off.ts";
import { renewalTime } from "./renewal-time.ts";
import { requestName } from "./request-name.ts";

const hour = 3_600_000;

describe("the wait after failures", () => {
  test.each([
    [1, 1],
    [2, 2],
    [5, 16],
    [6, 32],
    [60, 32],
  ])("number %i is %i h", (failures, hours) => {
    expect(retryTime(0, failures, defaultBackOff)).toBe(hours * hour);
  });

  test("never ends within the second of the failure", () => {
    expect(retryTime(5000, 1, { minBackoffMs: 10, maxBackoffMs: 20 })).toBe(6000);
  });
});

describe("the time of renewal", () => {
  const life = { notBefore: 0, notAfter: 90 * hour };
  test.each([
    ["two thirds of the life", {}, 60],
    ["renewBefore before the end", { renewBeforeSeconds: 10 * 3600 }, 80],
    ["two thirds where renewBefore is longer than the life", { renewBeforeSeconds: 90 * 3600 }, 60],
    ["where the percentage is left", { renewBeforePercentage: 10 }, 81],
    ["two thirds where the percentage is none", { renewBeforePercentage: 100 }, 60],
  ])("is %s", (_, options, hours) => {
    expect(renewalTime({ ...life, ...options })).toBe(hours * hour);
  });

  test("is a whole second", () => {
    expect(renewalTime({ notBefore: 0, notAfter: 5000 })).toBe(3000);
  });
});

describe("the name of a request", () => {
  test("is the certificate's with the revision", () => {
    expect(requestName("web", 3)).toBe("web-3");
    expect(requestName("a".repeat(233), 1)).toBe(`${"a".repeat(233)}-1`);
  });

  test("of an overlong certificate name fits into 253 characters and stays its own", () => {
    const one = requestName(`${"a".repeat(250)}bcd`, 12345678901);
    expect(one.length).toBeLessThanOrEqual(253);
    expect(requestName(`${"a".repeat(250)}bce`, 12345678901)).not.toBe(one);
  });
});
