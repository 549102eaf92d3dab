import { describe, expect, test } from "vitest";
import { z } from "zod";
import { exactlyOneOf } from "./exactly-one-of.ts";

const auth = z.object({
  token: z.string().optional(),
  appRole: z.object({ id: z.string() }).optional(),
  mount: z.string().default("kubernetes"),
});

describe("exactlyOneOf", () => {
  const schema = exactlyOneOf(auth, ["token", "appRole"]);

  test("accepts one of the fields, beside others", () => {
    expect(schema.parse({ token: "t" })).toEqual({ token: "t", mount: "kubernetes" });
    expect(schema.safeParse({ appRole: { id: "x" }, mount: "m" }).success).toBe(true);
  });

  test.each([[{}], [{ token: "t", appRole: { id: "x" } }]])("refuses %j and names the fields", (value) => {
    expect(schema.safeParse(value).error?.issues[0]?.message).toBe(
      "exactly one of token, appRole must be set",
    );
  });

  test("carries a CEL rule for the API server, after those that were there", () => {
    const before = { rule: "self.mount != ''", message: "mount is empty" };
    const meta = exactlyOneOf(auth.meta({ description: "How.", "x-kubernetes-validations": [before] }), [
      "token",
      "appRole",
    ]).meta();
    expect(meta).toEqual({
      description: "How.",
      "x-kubernetes-validations": [
        before,
        {
          rule: "[has(self.token), has(self.appRole)].exists_one(set, set)",
          message: "exactly one of token, appRole must be set",
        },
      ],
    });
  });

  test("escapes the names that CEL cannot select", () => {
    const odd = z.object({
      namespace: z.string().optional(),
      "client-cert": z.string().optional(),
      "a.b/c": z.string().optional(),
      x__y: z.string().optional(),
    });
    const rules = exactlyOneOf(odd, ["namespace", "client-cert", "a.b/c", "x__y"]).meta()?.[
      "x-kubernetes-validations"
    ];
    expect(rules).toMatchObject([
      {
        rule: "[has(self.__namespace__), has(self.client__dash__cert), has(self.a__dot__b__slash__c), has(self.x__underscores__y)].exists_one(set, set)",
      },
    ]);
  });

  test("refuses fields that could not all be absent, or are none", () => {
    expect(() => exactlyOneOf(auth, ["token"])).toThrow("Expected `fields` to be two or more, got `1`");
    expect(() => exactlyOneOf(auth, ["token", "mount"])).toThrow("got `mount`");
    expect(() => exactlyOneOf(z.object({ a: z.string() }), ["a", "a"])).toThrow("got `a`");
    const spaced = z.object({ "a b": z.string().optional(), c: z.string().optional() });
    expect(() => exactlyOneOf(spaced, ["a b", "c"])).toThrow("names that CEL can select, got `a b`");
  });
});
