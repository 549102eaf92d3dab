import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { toYaml } from "./to-yaml.ts";

/** What an independent parser reads, by the rules of kubectl (1.1) and of today (1.2). */
function read(text: string, version: "1.1" | "1.2"): unknown[] {
  return [...parseAllDocuments(text, { version, strict: true, maxAliasCount: 0 } as object)].map(
    (document) => {
      expect([...document.errors, ...document.warnings]).toEqual([]);
      return document.toJS();
    },
  );
}

const ambiguous =
  "yes No y on OFF null ~ true 1 0x1f 1e3 e3 1:30 .inf NaN 2026-01-01 << = --- ... - [a] {a} &a *a !a | > %a @a `a ? a: :a a:b \\ \" ' é 😀";
const words = fc.constantFrom(
  ...ambiguous.split(" "),
  ...["", " ", "a ", "a: b", "a #b", "- a", "a\tb", "a\nb", "\u007f", "\u0085", "\u2028", "\ufeff"],
);
const text = fc.oneof(words, fc.string(), fc.string({ unit: "binary", maxLength: 20 }));
// JSON has no -0.
const double = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.oneof(text, fc.integer(), double, fc.boolean(), fc.constant(null)),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(text, tie("value"), { maxKeys: 4, noNullPrototype: true }),
  ),
}));
const document = fc.dictionary(text, json.value, { noNullPrototype: true });

describe("toYaml", () => {
  test("writes block style, quoting only what needs it", () => {
    const object = {
      apiVersion: "rbac.authorization.k8s.io/v1",
      metadata: { name: "acmeissuers.pki.example.com:controller", labels: {} },
      rules: [{ apiGroups: [""], resources: ["secrets", "yes"], verbs: [] }, [["a"], {}]],
      text: "two\nlines: #",
      limit: 1e21,
      absent: undefined,
    };
    expect(toYaml([object, {}])).toBe(`---
apiVersion: rbac.authorization.k8s.io/v1
metadata:
  name: acmeissuers.pki.example.com:controller
  labels: {}
rules:
  - apiGroups:
      - ""
    resources:
      - secrets
      - "yes"
    verbs: []
  - - - a
    - {}
text: "two\\nlines: #"
limit: 1.0e+21
---
{}
`);
  });

  test.each(["1.1", "1.2"] as const)("is read by YAML %s as the JSON that was written", (version) => {
    fc.assert(
      fc.property(fc.array(document, { maxLength: 3 }), (documents) => {
        expect(read(toYaml(documents), version)).toEqual(documents);
      }),
      { numRuns: 500 },
    );
  });
});
