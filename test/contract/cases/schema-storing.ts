import { expect } from "vitest";
import { contractArea, contractCase } from "../contract-case.ts";
import { status } from "../status.ts";

function stores(title: string, spec: unknown, stored: unknown) {
  return contractCase(title, async (t) => {
    expect((await t.created(t.widgets(), t.widget("a", spec))).spec).toEqual(stored);
  });
}

export const storingCases = contractArea("schema: what is stored", [
  stores(
    "fills in defaults where the parent is present",
    { pair: { left: "x" }, issuerRef: { name: "n" } },
    {
      mode: "slow",
      pair: { left: "x", right: "r" },
      issuerRef: { name: "n", kind: "Issuer", group: "cert-manager.io" },
    },
  ),
  stores("lets a given value stand against the default", { mode: "fast" }, { mode: "fast" }),
  stores(
    "prunes unknown fields",
    { bogus: 1, issuerRef: { name: "n", bogus: 1 } },
    {
      mode: "slow",
      issuerRef: { name: "n", kind: "Issuer", group: "cert-manager.io" },
    },
  ),
  stores(
    "keeps unknown fields where the schema preserves them",
    { free: { a: [1, null, { b: 2 }] } },
    {
      mode: "slow",
      free: { a: [1, null, { b: 2 }] },
    },
  ),
  stores(
    "drops null unless the field is nullable",
    { note: null, code: null, size: null, pair: null },
    {
      mode: "slow",
      note: null,
    },
  ),
  stores("replaces null by the default", { mode: null }, { mode: "slow" }),
  stores("takes an integer and text for an integer-or-string", { port: 8080 }, { mode: "slow", port: 8080 }),
  stores("takes padded base64 as bytes", { payload: "YQ==" }, { mode: "slow", payload: "YQ==" }),
  stores("takes an integer for a number", { ratio: 3 }, { mode: "slow", ratio: 3 }),

  contractCase("does not default a field whose parent is absent", async (t) => {
    const { apiVersion, kind, metadata } = t.widget("a", {});
    const widget = await t.created(t.widgets(), { apiVersion, kind, metadata });
    expect(widget).not.toHaveProperty("spec");
  }),

  contractCase("warns of unknown fields by default, one header each", async (t) => {
    const body = t.widget("a", { bogus: 1, pair: { left: "x", extra: 1 } });
    const answer = await t.admin.create(t.widgets(), body);
    expect(answer.status).toBe(201);
    expect(answer.headers.warning).toBe(
      '299 - "unknown field \\"spec.bogus\\"", 299 - "unknown field \\"spec.pair.extra\\""',
    );
  }),

  contractCase("refuses unknown fields under fieldValidation=Strict", async (t) => {
    const body = t.widget("a", { bogus: 1, pair: { left: "x", extra: 1 } });
    const answer = await t.admin.create(t.widgets(), body, { fieldValidation: "Strict" });
    expect(answer.body).toEqual(
      status(
        400,
        "BadRequest",
        'Widget in version "v1" cannot be handled as a Widget: strict decoding error: unknown field "spec.bogus", ' +
          'unknown field "spec.pair.extra"',
      ),
    );
  }),

  contractCase("says nothing of unknown fields under fieldValidation=Ignore", async (t) => {
    const answer = await t.admin.create(t.widgets(), t.widget("a", { bogus: 1 }), {
      fieldValidation: "Ignore",
    });
    expect(answer.status).toBe(201);
    expect(answer.headers.warning).toBeUndefined();
  }),
]);
