import { describe, expect, test } from "vitest";
import { failureOf } from "./connect-fixture.ts";
import { customFieldsAnnotation, customFieldsOf } from "./custom-fields.ts";

const fields = [
  { name: "Team", values: ["web"] },
  { name: "Stage", values: ["Test", "Staging"] },
];
const asked = (text: string, allowed: readonly string[] = ["Team", "Cost Center"]) =>
  customFieldsOf({ fields, allowed, annotations: { [customFieldsAnnotation]: text } });

describe("customFieldsOf", () => {
  test("are the issuer's where the request says nothing", () => {
    expect(customFieldsOf({ fields, allowed: [], annotations: {} })).toBe(fields);
    expect(asked(" ")).toBe(fields);
    expect(asked("[]")).toEqual(fields);
  });

  test("are the request's over the issuer's by name, with every value", () => {
    const entries = [
      { name: "Team", value: "shop" },
      { name: "Cost Center", value: "1", type: "Plain" },
      { name: "Team", value: "billing" },
    ];
    expect(asked(JSON.stringify(entries))).toEqual([
      { name: "Stage", values: ["Test", "Staging"] },
      { name: "Team", values: ["shop", "billing"] },
      { name: "Cost Center", values: ["1"] },
    ]);
  });

  test.each([
    ["{", "is not JSON"],
    ['"x"', "is not a list"],
    ["{}", "is not a list"],
    ["[1]", "without name and value"],
    ["[null]", "without name and value"],
    ['[{"name": "Team"}]', "without name and value"],
    ['[{"name": "Team", "value": 1}]', "without name and value"],
    ['[{"name": "Team", "value": "x", "type": "Origin"}]', 'a type other than "Plain"'],
    ['[{"name": "Secret", "value": "x"}]', 'sets "Secret", which the issuer does not allow'],
    ['[{"name": "__proto__", "value": "x"}]', "which the issuer does not allow"],
    [JSON.stringify(Array(65).fill({ name: "Team", value: "x" })), "more than 64 fields"],
    [`[${" ".repeat(17_000)}]`, "longer than 16384"],
  ])("refuses the annotation %.60s", async (text, words) => {
    const error = await failureOf((async () => asked(text))());
    expect(error).toMatchObject({ code: "REQUEST_REJECTED", message: expect.stringContaining(words) });
  });
});
