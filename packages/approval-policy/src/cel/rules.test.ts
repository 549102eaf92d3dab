import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RuleCompiler } from "./rules.ts";
import { cr, holding, impossible, withoutAnswer } from "./rules-fixture.ts";

const compiler = new RuleCompiler();
describe("a rule that holds", () => {
  it.each(holding)("%s", (rule) => {
    expect(compiler.compile(rule)("a.shop.svc", cr)).toBe(true);
  });
});

describe("a rule that cannot be", () => {
  it.each(impossible)("%s is refused with a line about it", (rule, message) => {
    expect(() => compiler.compile(rule)).toThrow(message);
  });
});

describe("a rule that has no answer", () => {
  it.each(withoutAnswer)("%s throws", (rule, message) => {
    expect(() => compiler.compile(rule)("value", cr)).toThrow(message);
  });
});

/** Milliseconds of CPU of this process that the call took. */
function cpuMs(call: () => unknown): number {
  const before = process.cpuUsage();
  call();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const letters = `[${Array.from({ length: 20 }, (_, index) => `'${index}'`).join(",")}]`;

describe("a hostile rule", () => {
  it.each([
    ["nested macros", `${letters}.all(a, ${letters}.all(b, ${letters}.all(c, ${letters}.all(d, true))))`],
    [
      "the same behind an or",
      `${letters}.all(a, ${letters}.all(b, ${letters}.all(c, ${letters}.all(d, true)))) || true`,
    ],
    ["a text that doubles", `['x']${".map(x, x + x)".repeat(60)}.size() == 1`],
    ["a text that is replaced by itself", `self${".replace('', self)".repeat(20)}.size() == 1`],
    [
      "a join of joins",
      `${letters}${".map(x, [x, x, x, x, x, x, x, x].join('----------'))".repeat(12)}.size() == 1`,
    ],
    [
      "a split of much",
      `self${".replace('', 'abcdefgh')".repeat(6)}.split('').map(x, x).map(x, x).size() == 1`,
    ],
    ["precision", "'%.999999999f'.format([1.0]) == ''"],
    [
      "lists that are put together",
      `[1]${".map(x, [x, x, x, x])".repeat(20)} == [] || ${letters}.map(a, ${letters}.map(b, ${letters})).size() == 1`,
    ],
    [
      "backtracking",
      "self.matches('(a+)+$') && self.matches('(a|aa)+$') && self.matches('^(([a-z])+.)+[A-Z]([a-z])+$')",
    ],
    ["a pattern of many states", `self.matches('${"(a{30}|b{30}){30}".slice(0, 500)}')`],
    ["patterns that differ", `${letters}.all(x, ${letters}.all(y, !self.matches(x + y + '(a{90}){10}')))`],
  ])("of %s ends within 500 ms of CPU", (_name, source) => {
    const spent = cpuMs(() => {
      try {
        compiler.compile(source)(`${"a".repeat(2000)}!`, cr);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    });
    expect(spent).toBeLessThan(500);
  });

  it("is stopped by its cost, also where another answer was at hand", () => {
    const nested = `${letters}.all(a, ${letters}.all(b, ${letters}.all(c, ${letters}.all(d, true))))`;
    for (const source of [nested, `${nested} || true`, `true && (${nested} || true)`])
      expect(() => compiler.compile(source)("a", cr)).toThrow(/costs more than the 100000 units left/);
    expect(compiler.compile("self == 'a'")("a", cr)).toBe(true);
  });

  it("of any text is refused or answers: no other error, no hang", () => {
    const words = [
      "self",
      "cr",
      ".",
      "groups",
      "(",
      ")",
      "[",
      "]",
      "{",
      "}",
      "all",
      "map",
      "x",
      ",",
      "'a'",
      "1",
      "&&",
      "||",
      "!",
      "?",
      ":",
      "==",
      "+",
      "in",
      "matches",
      "size",
      "\\",
      '"',
      "0x",
      "e9",
      "-",
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...words), { maxLength: 40 }), (tokens) => {
        const spent = cpuMs(() => {
          try {
            const answer: unknown = compiler.compile(tokens.join(""))("a", cr);
            expect(typeof answer).toBe("boolean");
          } catch (error) {
            expect(error).toBeInstanceOf(Error);
          }
        });
        expect(spent).toBeLessThan(500);
      }),
      { numRuns: 2000 },
    );
  });
});
