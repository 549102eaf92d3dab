import { secretKeyRef } from "@countersign/issuer-signer/spec";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { structuralSchema } from "./structural-schema.ts";

const field = (schema: z.ZodType) => structuralSchema(z.object({ field: schema })).properties?.field;

describe("structuralSchema", () => {
  test("gives an object its fields, and requires those that have neither default nor question mark", () => {
    const spec = z.object({
      url: z.url().describe("Where the PKI is."),
      region: z.string().optional(),
      retries: z.int().min(0).max(9).default(3),
      tokenSecretRef: secretKeyRef({ defaultKey: "token" }),
    });
    expect(structuralSchema(spec)).toEqual({
      type: "object",
      required: ["url", "tokenSecretRef"],
      properties: {
        url: { type: "string", format: "uri", description: "Where the PKI is." },
        region: { type: "string" },
        retries: { type: "integer", format: "int64", minimum: 0, maximum: 9, default: 3 },
        tokenSecretRef: {
          type: "object",
          required: ["name"],
          properties: {
            name: { type: "string", minLength: 1, maxLength: 253, description: "Name of the Secret." },
            key: {
              type: "string",
              minLength: 1,
              maxLength: 253,
              default: "token",
              description: "Key within the Secret's data.",
            },
          },
        },
      },
    });
  });

  test.each<[string, z.ZodType, object]>([
    ["an integer, without the bounds of a double", z.int(), { type: "integer", format: "int64" }],
    [
      "a half-open number",
      z.number().gt(0).max(1),
      { type: "number", minimum: 0, exclusiveMinimum: true, maximum: 1 },
    ],
    ["a string of a length", z.string().min(1).max(9), { type: "string", minLength: 1, maxLength: 9 }],
    ["a pattern", z.string().regex(/^a+$/), { type: "string", pattern: "^a+$" }],
    ["the flags of a pattern", z.string().regex(/^a+$/i), { type: "string", pattern: "(?i)^a+$" }],
    [
      "two patterns, without the types that zod writes beside them",
      z.string().regex(/a/).regex(/b/i).optional(),
      { type: "string", allOf: [{ pattern: "a" }, { pattern: "(?i)b" }] },
    ],
    ["an enum", z.enum(["a", "b"]), { type: "string", enum: ["a", "b"] }],
    ["a literal", z.literal("a"), { type: "string", enum: ["a"] }],
    ["literals", z.literal([1, 2]), { type: "number", enum: [1, 2] }],
    ["null", z.string().nullable(), { type: "string", nullable: true }],
    [
      "null in an enum",
      z.enum(["a"]).nullable(),
      { type: "string", nullable: true, allOf: [{ enum: ["a"] }] },
    ],
    [
      "null among literals",
      z.literal(["a", null]),
      { type: "string", nullable: true, allOf: [{ enum: ["a"] }] },
    ],
    [
      "a list",
      z.array(z.int32()).min(1).max(3),
      { type: "array", minItems: 1, maxItems: 3, items: expect.anything() },
    ],
    [
      "a record",
      z.record(z.string(), z.string()),
      { type: "object", additionalProperties: { type: "string" } },
    ],
    [
      "a record whose keys are known",
      z.record(z.enum(["a", "b"]), z.boolean()),
      { type: "object", required: ["a", "b"], additionalProperties: { type: "boolean" } },
    ],
    [
      "a strict object",
      z.strictObject({ a: z.string().optional() }),
      { type: "object", properties: { a: { type: "string" } } },
    ],
    [
      "a loose object",
      z.looseObject({ a: z.string().optional() }),
      { type: "object", properties: { a: { type: "string" } }, "x-kubernetes-preserve-unknown-fields": true },
    ],
    ["anything", z.unknown().optional(), { "x-kubernetes-preserve-unknown-fields": true }],
    [
      "an intersection of objects, optional as a whole",
      z
        .object({ a: z.string() })
        .and(z.object({ b: z.boolean() }))
        .optional(),
      { type: "object", required: ["a", "b"], properties: { a: { type: "string" }, b: { type: "boolean" } } },
    ],
    [
      "the input of a transform, without the default of its output",
      z.string().transform(Number).default(3),
      { type: "string" },
    ],
    [
      "a prefault as default",
      z.object({ a: z.int().default(1) }).prefault({}),
      expect.objectContaining({ default: {} }),
    ],
    [
      "a catch without its value, which need not pass",
      z.string().min(3).catch("x"),
      { type: "string", minLength: 3 },
    ],
    ["the bare type of a readonly field", z.string().readonly(), { type: "string" }],
    [
      "a type of the author's own, where meta gives its schema",
      z.custom().meta({ type: "string" }),
      { type: "string" },
    ],
  ])("has %s", (_, schema, expected) => {
    expect(field(schema)).toEqual(expected);
  });

  test("keeps a format that Kubernetes reads as zod does, and drops one that it reads otherwise", () => {
    expect(field(z.email())).toMatchObject({ format: "email", pattern: z.regexes.email.source });
    expect(field(z.iso.datetime())).toMatchObject({ format: "date-time" });
    expect(field(z.hostname())).toEqual({ type: "string" });
    expect(field(z.iso.duration())).toEqual({ type: "string" });
    expect(field(z.jwt())).toEqual({ type: "string" });
    expect(field(z.string().meta({ format: "duration" }))).toEqual({ type: "string", format: "duration" });
  });

  test("passes Kubernetes's own keywords through and drops every other metadata", () => {
    const rules = [{ rule: "self.startsWith('https://')", message: "must be https" }];
    const schema = z
      .url()
      .meta({ title: "URL", examples: ["x"], deprecated: true, "x-kubernetes-validations": rules });
    expect(field(schema)).toEqual({
      type: "string",
      format: "uri",
      title: "URL",
      "x-kubernetes-validations": rules,
    });
    const spec = z.object({ a: z.string() }).meta({ "x-kubernetes-validations": rules });
    expect(structuralSchema(spec)).toMatchObject({ type: "object", "x-kubernetes-validations": rules });
  });

  test("writes a shared schema with an id out wherever it is used", () => {
    const shared = z.object({ a: z.string() }).meta({ id: "structural-schema-test", description: "Shared." });
    const plain = { type: "object", required: ["a"], properties: { a: { type: "string" } } };
    const root = z.object({ p: shared, q: shared.optional(), r: shared.describe("Mine.") });
    expect(structuralSchema(root.meta({ id: "structural-schema-test-root" }))).toEqual({
      type: "object",
      required: ["p", "r"],
      properties: {
        p: { ...plain, description: "Shared." },
        q: { ...plain, description: "Shared." },
        r: { ...plain, description: "Mine." },
      },
    });
  });

  test("does not take a field named like a keyword for one", () => {
    const spec = z.object({
      properties: z.object({ items: z.string() }),
      anyOf: z.boolean(),
      not: z.string(),
    });
    expect(structuralSchema(spec).properties).toEqual({
      properties: { type: "object", required: ["items"], properties: { items: { type: "string" } } },
      anyOf: { type: "boolean" },
      not: { type: "string" },
    });
  });

  test("does not change the schema that it reads", () => {
    const spec = z.object({ a: z.enum(["x"]).nullable(), b: z.string().regex(/a/i) });
    const first = structuralSchema(spec);
    expect(structuralSchema(spec)).toEqual(first);
  });

  interface Node {
    readonly next?: Node | undefined;
  }
  const recursive: z.ZodType<Node> = z.object({
    get next() {
      return recursive.optional();
    },
  });

  test.each<[string, z.ZodType, string, string]>([
    ["a union of scalars", z.union([z.string(), z.int()]), "spec.field", "use z.enum() for strings"],
    ["a union of objects", z.array(z.xor([z.object({}), z.object({})])), "spec.field[]", "exactlyOneOf()"],
    [
      "a discriminated union",
      z.object({
        auth: z.discriminatedUnion("type", [
          z.object({ type: z.literal("a") }),
          z.object({ type: z.literal("b") }),
        ]),
      }),
      "spec.field.auth",
      "exactlyOneOf()",
    ],
    [
      "a union in a record",
      z.record(z.string(), z.union([z.string(), z.null()])),
      "spec.field.*",
      ".nullable()",
    ],
    ["a tuple", z.tuple([z.string()]), "spec.field", "use z.array() or z.object()"],
    ["never", z.never().optional(), "spec.field", "leave the field out"],
    ["a date", z.date().optional(), "spec.field", "use z.iso.datetime()"],
    ["a bigint", z.bigint(), "spec.field", "use z.int()"],
    ["a file", z.file(), "spec.field", "not JSON"],
    ["a map", z.map(z.string(), z.string()), "spec.field", "z.map() is not one JSON type"],
    ["a set", z.set(z.string()), "spec.field", "z.set() is not one JSON type"],
    ["a custom type", z.custom(() => true), "spec.field", "z.custom() is not one JSON type"],
    ["literals of two types", z.literal(["a", 1]), "spec.field", "z.literal() is not one JSON type"],
    ["null alone", z.literal(null), "spec.field", "z.null() is not one JSON type"],
    [
      "an intersection of scalars",
      z.string().and(z.string().min(1)),
      "spec.field",
      "z.intersection() is not of objects only",
    ],
    ["recursion", z.object({ tree: z.array(recursive) }), "spec.field.tree[].next", "it refers to itself"],
    [
      "named fields with a catchall",
      z.object({ a: z.string() }).catchall(z.string()),
      "spec.field",
      "a catchall",
    ],
    [
      "patterned keys",
      z.looseRecord(z.string().regex(/^x-/), z.string()),
      "spec.field",
      "`patternProperties` is not allowed",
    ],
    [
      "a junctor in meta",
      z.object({}).meta({ oneOf: [{ required: ["a"] }] }),
      "spec.field",
      "`oneOf` is not allowed",
    ],
    [
      "a default that does not pass",
      z.string().min(3).default("x"),
      "spec.field",
      "its default does not pass it",
    ],
    ["a pattern with look-ahead", z.string().regex(/^(?!a)/), "spec.field", "its pattern uses `(?!a`"],
    ["the same behind a format", z.hostname().regex(/^(?!a)/), "spec.field", "its pattern uses `(?!a`"],
  ])("refuses %s, with its path and what to do", (_, schema, path, advice) => {
    const derive = () => field(schema);
    expect(derive).toThrow(TypeError);
    expect(derive).toThrow(`Expected \`${path}\` to have a structural schema`);
    expect(derive).toThrow(advice);
  });
});
