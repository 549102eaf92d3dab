import { describe, expect, test } from "vitest";
import { NotRe2Error, re2Pattern } from "./re2-pattern.ts";

describe("re2Pattern", () => {
  test.each<[string, { source: string; flags: string }, string]>([
    [
      "leaves the common ground as it is",
      /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
      "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
    ],
    ["keeps counts and lazy quantifiers", /a{2,1000}?b+?/, "a{2,1000}?b+?"],
    [
      "adds up counts that are not nested",
      /(a{1000}){0,1}(b{10}){100}c{2,}/,
      "(a{1000}){0,1}(b{10}){100}c{2,}",
    ],
    ["keeps shorthand classes and word boundaries", /\b\d\w\s\S\b/, "\\b\\d\\w\\s\\S\\b"],
    ["keeps escaped punctuation", { source: "\\.\\/\\-\\$", flags: "" }, "\\.\\/\\-\\$"],
    ["writes i, m and s as a prefix", /a.b/ims, "(?ims)a.b"],
    ["drops the flags that do not change what matches", /a/dgu, "a"],
    ["unnames groups", /(?<year>\d+)-(?:x)/, "(\\d+)-(?:x)"],
    ["writes code units as code points", /\u00e9\xd8/, "\\x{00e9}\\x{d8}"],
    ["writes code points of the u flag", /\u{1F600}/u, "\\x{1F600}"],
    ["keeps categories of the u flag", /\p{Lu}\P{N}/u, "\\p{Lu}\\P{N}"],
    ["reads \\b in a class as backspace", /[\b]/, "[\\x08]"],
    [
      "escapes a bracket in a class, which RE2 could take for a POSIX class",
      /[[:alpha:]]/,
      "[\\[:alpha:]\\]",
    ],
    ["escapes a bracket that closes nothing", /a]/, "a\\]"],
    ["does not end a class at an escaped bracket", /[\]^(?=]x/, "[\\]^(?=]x"],
    ["writes NUL in hexadecimal", /\0/, "\\x00"],
    ["drops the backslash before other characters", { source: "\\é", flags: "" }, "é"],
  ])("%s", (_, regexp, expected) => {
    expect(re2Pattern(regexp.source, regexp.flags)).toBe(expected);
  });

  test.each<[string, { source: string; flags: string }, string]>([
    ["look-ahead", /(?=a)/, "(?=a"],
    ["negative look-ahead", /(?!a)/, "(?!a"],
    ["look-behind", /(?<=a)b/, "(?<="],
    ["negative look-behind", /(?<!a)b/, "(?<!"],
    ["back-reference", /(a)\1/, "\\1"],
    ["named back-reference", /(?<n>a)\k<n>/, "\\k"],
    ["count above 1000", /a{1,1001}/, "{1,1001}"],
    ["open count above 1000", /a{1001,}/, "{1001,}"],
    ["product of nested counts above 1000", /(?:x|(?:[a-z]{1,63}\.)?(b)){16}/, "{16}"],
    ["control escape", /\cA/, "\\c"],
    ["letter whose escape means something to Go only", { source: "\\Q", flags: "" }, "\\Q"],
    ["category without the u flag", { source: "\\p{L}", flags: "" }, "\\p"],
    ["property that RE2 does not have", /\p{Extended_Pictographic}/u, "\\p"],
    ["half of a surrogate pair", /\ud83d/, "\\u"],
    ["empty class", { source: "[]", flags: "" }, "empty character class"],
    ["class of everything", { source: "[^]", flags: "" }, "empty character class"],
    ["set operation", /[\w--a]/v, "flag"],
    ["sticky match", /a/y, "flag"],
  ])("refuses a %s and shows it", (_, regexp, shown) => {
    expect(() => re2Pattern(regexp.source, regexp.flags)).toThrow(NotRe2Error);
    expect(() => re2Pattern(regexp.source, regexp.flags)).toThrow(shown);
  });
});
