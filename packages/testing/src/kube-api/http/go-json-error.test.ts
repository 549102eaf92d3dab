import fc from "fast-check";
import { expect, test } from "vitest";
import { goJsonError } from "./go-json-error.ts";

/** Texts as Go's encoding/json gives them. */
test.each([
  ["", "unexpected end of JSON input"],
  ["{", "unexpected end of JSON input"],
  ['{"a":"b', "unexpected end of JSON input"],
  ["nope", "invalid character 'o' in literal null (expecting 'u')"],
  ["{x", "invalid character 'x' looking for beginning of object key string"],
  ['{"a" 1}', "invalid character '1' after object key"],
  ['{"a":1 "b":2}', "invalid character '\"' after object key:value pair"],
  ["[1 2]", "invalid character '2' after array element"],
  ["[1,]", "invalid character ']' looking for beginning of value"],
  ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
  ["{} x", "invalid character 'x' after top-level value"],
  ["-x", "invalid character 'x' in numeric literal"],
  ["1.x", "invalid character 'x' after decimal point in numeric literal"],
  ["1e+", "unexpected end of JSON input"],
  ["01", "invalid character '1' after top-level value"],
  ['"a\nb"', "invalid character '\\n' in string literal"],
  ['"\\q"', "invalid character 'q' in string escape code"],
  ["'a'", "invalid character '\\'' looking for beginning of value"],
])("%j", (text, expected) => {
  expect(goJsonError(text)).toBe(expected);
});

test("says of any broken JSON where it broke, and does not hang", () => {
  fc.assert(
    fc.property(fc.json(), fc.nat(), fc.constantFrom("", "}", "x", '"', ","), (json, at, insert) => {
      const broken = `${json.slice(0, at % json.length)}${insert}`;
      try {
        JSON.parse(broken);
      } catch {
        expect(goJsonError(broken)).toMatch(
          /^(unexpected end of JSON input|invalid character '.+' (in|after|looking) .+)$/su,
        );
      }
    }),
  );
});
