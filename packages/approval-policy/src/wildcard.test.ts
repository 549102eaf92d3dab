import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { wildcardMatches } from "./wildcard.ts";

describe("a wildcard", () => {
  it.each([
    ["", "", true],
    ["", "a", false],
    ["*", "", true],
    ["*", "a.b/c", true],
    ["*.example.com", "a.b.example.com", true],
    ["*.example.com", "*.example.com", true],
    ["*.example.com", ".example.com", true],
    ["*.example.com", "example.com", false],
    ["a*a", "a", false],
    ["a*a", "aa", true],
    ["a*b*c", "axxbyyc", true],
    ["a*bc*c", "abc", false],
    ["**a**", "a", true],
    ["A", "a", false],
    ["?", "a", false],
    ["a.c", "abc", false],
    ["ü*", "über", true],
  ])("%j on %j: %s", (pattern, text, expected) => {
    expect(wildcardMatches(pattern, text)).toBe(expected);
  });

  const letters = fc.string({ unit: fc.constantFrom("a", "b", "*"), maxLength: 8 });
  it("matches as the definition says, over all small patterns and texts", () => {
    fc.assert(
      fc.property(letters, letters, (pattern, text) => {
        expect(wildcardMatches(pattern, text)).toBe(bySplitting(pattern, text));
      }),
      { numRuns: 20_000 },
    );
  });

  it("takes no longer for many stars", () => {
    const started = performance.now();
    expect(wildcardMatches(`${"*a".repeat(2000)}b`, "a".repeat(20_000))).toBe(false);
    expect(performance.now() - started).toBeLessThan(500);
  });
});

/** A star is empty, or takes one character and stays. */
function bySplitting(pattern: string, text: string): boolean {
  if (pattern === "") return text === "";
  if (pattern[0] === "*")
    return bySplitting(pattern.slice(1), text) || (text !== "" && bySplitting(pattern, text.slice(1)));
  return pattern[0] === text[0] && text !== "" && bySplitting(pattern.slice(1), text.slice(1));
}
