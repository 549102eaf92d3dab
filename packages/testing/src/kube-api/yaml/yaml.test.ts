import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { parseYaml } from "./parse-yaml.ts";
import { toYaml } from "./to-yaml.ts";

const MANIFEST = `# a comment
apiVersion: example.com/v1
kind: Widget   # another
metadata: {name: a, labels: {"app": 'it''s'}}
spec:
  size: 4
  ratio: 0.5
  on: true
  none:
  url: https://example.com:8443/a#b
  quoted: "a: b # c\\n"
  steps:
    - one
    - two: 2
      three: [3, "x"]
    -
      four: 4
  same:
  - a
  - - b
    - c
  text: |
    line one
      line two

    line three
  folded: >-
    a
    b
  wide: {
    a: 1,
    b: [1, 2]
  }
`;

describe("parseYaml", () => {
  test("reads a manifest as the yaml package does", () => {
    expect(parseYaml(MANIFEST)).toEqual(parse(MANIFEST));
  });

  test("reads a document after its marker, and nothing as null", () => {
    expect(parseYaml("---\na: 1\n")).toEqual({ a: 1 });
    expect(parseYaml("\n# nothing\n")).toBeNull();
  });

  test("names the line of what it cannot read", () => {
    expect(() => parseYaml("a: 1\nb: [")).toThrow("yaml: line 2: did not find expected node content");
    expect(() => parseYaml("{x")).toThrow("yaml: line 1: did not find expected ',' or '}'");
    expect(() => parseYaml("a: &x 1")).toThrow("anchors");
    expect(() => parseYaml("a: 1\n  b: 2")).toThrow("line 2");
  });

  test("agrees with the yaml package on whatever that one writes of JSON", () => {
    const text = fc
      .string({ unit: "grapheme-ascii", maxLength: 12 })
      .filter((value) => !value.includes("\n"));
    const json = fc.jsonValue({ maxDepth: 4 });
    fc.assert(
      fc.property(fc.dictionary(text, json, { maxKeys: 4 }), (value) => {
        fc.pre(!JSON.stringify(value).includes("__proto__"));
        const source = stringify(value, {
          lineWidth: 0,
          defaultStringType: "QUOTE_DOUBLE",
          defaultKeyType: "QUOTE_DOUBLE",
        });
        expect(parseYaml(source)).toEqual(parse(source));
      }),
    );
  });
});

describe("toYaml", () => {
  test("writes what the yaml package reads back", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        expect(parse(toYaml(value))).toEqual(parse(JSON.stringify(value)));
      }),
    );
  });

  test("sorts keys and keeps lists at the level of their key", () => {
    expect(toYaml({ b: ["x", { y: 1 }], a: { c: "no" } })).toBe('a:\n  c: "no"\nb:\n- x\n- "y": 1\n');
  });
});
