import { expect, test } from "vitest";
import { goPatternProblem } from "./go-pattern.ts";

test.each(["^https://", "(?i)^[a-z]+$", "a{2,3}", "[(?=]", "\\(?=", "(?:x)", "[\\]1]", "\\d\\."])(
  "takes %s",
  (pattern) => {
    expect(goPatternProblem(pattern)).toBeUndefined();
  },
);

test.each([
  ["(", "missing closing ): `(`"],
  ["[a", "missing closing ]: `[a`"],
  ["*", "missing argument to repetition operator: `*`"],
  ["x{2,1}", "invalid repeat count: `{2,1}`"],
  ["a(?=b)", "invalid or unsupported Perl syntax: `(?=`"],
  ["(a)\\1", "invalid escape sequence: `\\1`"],
])("says of %s what Go says", (pattern, problem) => {
  expect(goPatternProblem(pattern)).toBe(`error parsing regexp: ${problem}`);
});
