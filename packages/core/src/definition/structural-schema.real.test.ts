import { exactlyOneOf, secretKeyRef } from "@countersign/issuer-signer/spec";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { type ControlPlane, startControlPlane } from "../../../../test/rigs/control-plane.ts";
import { CONTROL_PLANE, describeWithRigs } from "../../../../test/rigs/rigs.ts";
import { defineIssuer } from "./define-issuer.ts";
import { connect, createIssuer, installDefinition } from "./install-definition.ts";

interface Case {
  readonly schema: z.ZodType;
  /** What zod and the API server both accept. */
  readonly good: readonly unknown[];
  /** What zod and the API server both refuse. */
  readonly bad: readonly unknown[];
  /** What only zod refuses: Kubernetes has no word for it. */
  readonly lax?: readonly unknown[];
}

const text = (regexp: RegExp, good: readonly string[], bad: readonly string[]): Case => ({
  schema: z.string().regex(regexp),
  good,
  bad,
});

// A field per feature of the generator: zod is the oracle, the API server must agree.
const cases: Readonly<Record<string, Case>> = {
  url: { schema: z.url(), good: ["https://pki.example.com:8443/v1?a=b"], bad: ["pki", 1] },
  text: { schema: z.string().min(2).max(3), good: ["ab", "abc"], bad: ["a", "abcd", true] },
  patterns: { schema: z.string().regex(/^a/).regex(/B$/i), good: ["ab", "aB"], bad: ["b", "a"] },
  caseless: text(/^ab+$/i, ["ab", "ABB"], ["a", "ac"]),
  multiline: text(/^b$/m, ["a\nb"], ["ab"]),
  dotAll: text(/^a.b$/s, ["a\nb"], ["a\n\nb"]),
  noDotAll: text(/^a.b$/, ["axb"], ["a\nb"]),
  named: text(/^(?<year>\d{4})-(?:\d\d)$/, ["2026-01"], ["2026"]),
  escapes: text(/^\u00e9\x41\/\.-[\]\b]\0?$/, ["éA/.-]", "éA/.-\b"], ["eA/.-]", "éA/x-]"]),
  brackets: text(/^[[:a]+]$/, ["[:a]", "a]"], ["b]", "a"]),
  unicode: text(/^\p{Lu}\u{1F600}$/u, ["É\u{1F600}"], ["é\u{1F600}", "É"]),
  lazy: text(/^a+?b{1,1000}$/, ["ab"], ["a"]),
  counts: text(/^(?:[a-z]{1,62}\.){1,16}(c{0,1000}){0,1}$/, ["a.b."], ["a"]),
  affixes: {
    schema: z.string().startsWith("a.").endsWith(".c").includes("+"),
    good: ["a.+.c"],
    bad: ["a.+xc", "ab+.c"],
  },
  email: { schema: z.email(), good: ["a@example.com"], bad: ["a@", "a"] },
  uuid: { schema: z.uuid(), good: ["7f1cbb08-bb5a-4b4a-8f22-5f3b1ad3bb34"], bad: ["7f1cbb08"] },
  ipv4: { schema: z.ipv4(), good: ["10.0.0.1"], bad: ["10.0.0.256", "::1"] },
  ipv6: { schema: z.ipv6(), good: ["::1", "2001:db8::1"], bad: ["10.0.0.1", "g::"] },
  date: { schema: z.iso.date(), good: ["2024-02-29"], bad: ["2023-02-29", "x"] },
  dateTime: {
    schema: z.iso.datetime(),
    good: ["2026-01-01T00:00:00Z"],
    bad: ["2026-01-01", "2026-13-01T00:00:00Z"],
  },
  base64: { schema: z.base64(), good: ["YQ==", ""], bad: ["YQ=", "*"] },
  cidr: { schema: z.cidrv4(), good: ["10.0.0.0/8"], bad: ["10.0.0.0/33"] },
  hostname: { schema: z.hostname(), good: ["ca1.n1", "a"], bad: [1], lax: ["-a"] },
  duration: { schema: z.iso.duration(), good: ["P1D"], bad: [1], lax: ["1d"] },
  template: { schema: z.templateLiteral(["v", z.number()]), good: ["v1"], bad: ["1", "vx"] },
  refined: { schema: z.string().refine((value) => value !== "no"), good: ["yes"], bad: [1], lax: ["no"] },
  integer: { schema: z.int(), good: [0, -5, 2 ** 53 - 1], bad: [1.5, "1"] },
  port: { schema: z.int().min(1).max(65535), good: [1, 65535], bad: [0, 65536] },
  int32: { schema: z.int32(), good: [2 ** 31 - 1], bad: [2 ** 31] },
  ratio: { schema: z.number().gt(0).lt(1), good: [0.5], bad: [0, 1, "0.5"] },
  even: { schema: z.int().multipleOf(2).multipleOf(3), good: [6], bad: [2, 3] },
  flag: { schema: z.boolean(), good: [true, false], bad: ["true", 0] },
  choice: { schema: z.enum(["a", "b"]), good: ["a"], bad: ["c"] },
  literal: { schema: z.literal("only"), good: ["only"], bad: ["other"] },
  literals: { schema: z.literal([1, 2]), good: [1, 2], bad: [3, "1"] },
  yes: { schema: z.literal(true), good: [true], bad: [false] },
  nullableText: { schema: z.string().nullable(), good: ["a", null], bad: [1] },
  nullableChoice: { schema: z.enum(["a"]).nullable(), good: ["a", null], bad: ["b"] },
  nullableLiteral: { schema: z.literal(["a", null]), good: ["a", null], bad: ["b"] },
  list: {
    schema: z.array(z.string().min(1)).min(1).max(2),
    good: [["a"], ["a", "b"]],
    bad: [[], ["a", "b", "c"], [""], "a"],
  },
  record: { schema: z.record(z.string(), z.int()), good: [{}, { a: 1 }], bad: [{ a: "1" }, []] },
  keyedRecord: {
    schema: z.record(z.enum(["a", "b"]), z.string()),
    good: [{ a: "", b: "" }],
    bad: [{ a: "" }],
  },
  listOfObjects: {
    schema: z.array(z.object({ name: z.string() })),
    good: [[{ name: "a" }]],
    bad: [[{}], [{ name: 1 }]],
  },
  strict: { schema: z.strictObject({ a: z.string() }), good: [{ a: "" }], bad: [{}] },
  loose: {
    schema: z.looseObject({ a: z.string() }),
    good: [{ a: "", more: { b: [1] } }],
    bad: [{ more: 1 }],
  },
  anything: { schema: z.unknown(), good: [1, "a", { b: [] }, [true]], bad: [] },
  anythingOrNull: { schema: z.any().nullable(), good: [null, 1], bad: [] },
  recordOfAnything: { schema: z.record(z.string(), z.unknown()), good: [{ a: 1, b: { c: [] } }], bad: ["a"] },
  both: {
    schema: z.object({ a: z.string() }).and(z.object({ b: z.int() })),
    good: [{ a: "", b: 1 }],
    bad: [{ a: "" }, { b: 1 }],
  },
  transformed: { schema: z.string().transform(Number), good: ["1"], bad: [1] },
  ruled: {
    schema: z
      .string()
      .startsWith("https://")
      .meta({ "x-kubernetes-validations": [{ rule: "self.startsWith('https://')" }] }),
    good: ["https://a"],
    bad: ["http://a"],
  },
  oneOf: {
    schema: exactlyOneOf(
      z.object({
        token: secretKeyRef({ defaultKey: "token" }).optional(),
        namespace: z.string().optional(),
        "client-cert": z.object({ keyRef: secretKeyRef() }).optional(),
        path: z.string().default("auth"),
      }),
      ["token", "namespace", "client-cert"],
    ),
    good: [
      { token: { name: "s" } },
      { namespace: "" },
      { "client-cert": { keyRef: { name: "s", key: "k" } } },
    ],
    bad: [{}, { path: "p" }, { namespace: "", token: { name: "s" } }, { token: { name: "" } }],
  },
};

const optionalFields = Object.entries(cases).map(([name, { schema }]) => [name, schema.optional()] as const);
const everything = defineIssuer({
  group: "pki.example.com",
  version: "v1alpha1",
  kinds: { namespaced: "EveryIssuer" },
  spec: z
    .object(Object.fromEntries(optionalFields))
    .describe("One field per feature: yes, no # ünïcode\nand lines."),
  connect,
});
describeWithRigs(CONTROL_PLANE, "structural schemas on a real kube-apiserver", () => {
  let controlPlane: ControlPlane;

  beforeAll(async () => {
    controlPlane = await startControlPlane();
    await installDefinition(controlPlane, everything, {
      serviceAccount: { namespace: "default", name: "every-issuer" },
    });
  });
  afterAll(() => controlPlane?.stop());

  const tryEvery = (spec: unknown) =>
    createIssuer(controlPlane, everything, "EveryIssuer", spec, "?dryRun=All");

  test.each(Object.entries(cases))("agrees with zod on %s", async (name, { schema, good, bad, lax = [] }) => {
    for (const value of good) {
      expect.soft(schema.safeParse(value).success, `zod accepts ${JSON.stringify(value)}`).toBe(true);
      const answer = await tryEvery({ [name]: value });
      expect.soft(answer, `the API server accepts ${JSON.stringify(value)}`).toMatchObject({ status: 201 });
      // Nothing of it was pruned: what the controller reads is what the user wrote, and defaults.
      expect.soft((answer.body as { readonly spec?: object }).spec).toMatchObject({ [name]: value });
    }
    for (const value of [...bad, ...lax]) {
      expect.soft(schema.safeParse(value).success, `zod refuses ${JSON.stringify(value)}`).toBe(false);
    }
    for (const value of bad) {
      const answer = await tryEvery({ [name]: value });
      expect.soft(answer, `the API server refuses ${JSON.stringify(value)}`).toMatchObject({ status: 422 });
      expect.soft((answer.body as { readonly message?: string }).message).toContain(`spec.${name}`);
    }
    for (const value of lax) {
      expect.soft(await tryEvery({ [name]: value })).toMatchObject({ status: 201 });
    }
  });

  test("drops a null where the field is not nullable, so that the controller sees it absent", async () => {
    const answer = await tryEvery({ url: null, port: 1 });
    expect(answer.status).toBe(201);
    expect((answer.body as { readonly spec: object }).spec).toEqual({ port: 1 });
  });
});
