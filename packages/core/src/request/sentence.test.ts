import { expect, test } from "vitest";
import { sentence } from "./sentence.ts";

test.each([
  ["token refused", "token refused."],
  ["Create it.", "Create it."],
  ["Is it there?", "Is it there?"],
])("%j is %j", (text, expected) => {
  expect(sentence(text)).toBe(expected);
});
