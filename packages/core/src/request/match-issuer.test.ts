import { describe, expect, test } from "vitest";
import { z } from "zod";
import { defineIssuer } from "../definition/define-issuer.ts";
import { matchIssuer } from "./match-issuer.ts";
import { group, requestWith } from "./request-fixtures.ts";

const definition = defineIssuer({
  group,
  version: "v1alpha1",
  kinds: { namespaced: "AcmeIssuer", cluster: "AcmeClusterIssuer" },
  spec: z.object({}),
  connect: () => ({ check: async () => {}, sign: async () => Promise.reject(new Error("not used")) }),
});

function match(issuerRef: { name: string; kind?: string; group?: string }) {
  const request = requestWith([]);
  return matchIssuer(definition, { ...request, spec: { ...request.spec, issuerRef } });
}

describe("matchIssuer", () => {
  test("match issuer: in the request's own namespace", () => {
    expect(match({ group, kind: "AcmeIssuer", name: "a" })).toMatchObject({ namespace: "team", name: "a" });
  });

  test("match cluster issuer: in no namespace", () => {
    expect(match({ group, kind: "AcmeClusterIssuer", name: "a" })).toMatchObject({
      namespace: "",
      name: "a",
    });
  });

  test.each([
    ["issuer-ref-unknown-group", { group: "other.example.com", kind: "AcmeIssuer", name: "a" }],
    ["issuer-ref-unknown-kind", { group, kind: "Other", name: "a" }],
    ["an empty group, which means cert-manager.io", { group: "", kind: "AcmeIssuer", name: "a" }],
    ["no group", { kind: "AcmeIssuer", name: "a" }],
    ["an empty kind, which means Issuer", { group, kind: "", name: "a" }],
    ["no kind", { group, name: "a" }],
    ["a kind in another case", { group, kind: "acmeissuer", name: "a" }],
  ])("%s: not ours", (_, issuerRef) => {
    expect(match(issuerRef)).toBeUndefined();
  });
});
