import { describe, expect, test } from "vitest";
import { parseRetryAfter } from "./status-errors.ts";

const now = Date.parse("2026-01-01T00:00:00Z");

describe("parseRetryAfter", () => {
  test.each<[string | string[] | undefined, number | undefined]>([
    ["0", 0],
    ["7", 7_000],
    [" 7 ", 7_000],
    ["999999999", 3_600_000],
    ["Thu, 01 Jan 2026 00:01:00 GMT", 60_000],
    ["Thu, 01 Jan 2026 00:00:00 GMT", 0],
    ["Fri, 02 Jan 2026 00:00:00 GMT", 3_600_000],
    ["Wed, 31 Dec 2025 00:00:00 GMT", undefined],
    ["-1", undefined],
    ["1.5", undefined],
    ["soon", undefined],
    ["in 5 minutes", undefined],
    ["2026-01-01T00:01:00Z", undefined],
    ["Xxx, 99 Xxx 2026 00:01:00 GMT", undefined],
    ["99999999999999999999", undefined],
    ["", undefined],
    [["1", "2"], undefined],
    [undefined, undefined],
  ])("%j is %j ms", (value, expected) => {
    expect(parseRetryAfter(value, now)).toBe(expected);
  });
});
