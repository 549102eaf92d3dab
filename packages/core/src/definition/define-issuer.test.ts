import { issued, type Signer } from "@countersign/issuer-signer";
import { limitsSpec, secretKeyRef } from "@countersign/issuer-signer/spec";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { type AnyConnectContext, defineIssuer, type IssuerKinds } from "./define-issuer.ts";
import { structuralSchema } from "./structural-schema.ts";

const signer: Signer<undefined> = { check: async () => undefined, sign: async () => issued({ chain: "" }) };
const kinds: IssuerKinds = { namespaced: "AcmeIssuer", cluster: "AcmeClusterIssuer" };
const options = {
  group: "pki.example.com",
  version: "v1alpha1",
  kinds,
  spec: z.object({}),
  connect: () => signer,
};

describe("defineIssuer", () => {
  test("names the kinds as the API does, the namespaced one first", () => {
    expect(defineIssuer(options).kinds).toEqual([
      { kind: "AcmeIssuer", singular: "acmeissuer", plural: "acmeissuers", scope: "Namespaced" },
      {
        kind: "AcmeClusterIssuer",
        singular: "acmeclusterissuer",
        plural: "acmeclusterissuers",
        scope: "Cluster",
      },
    ]);
    expect(defineIssuer({ ...options, kinds: { cluster: "AcmePkis" } }).kinds).toEqual([
      { kind: "AcmePkis", singular: "acmepkis", plural: "acmepkises", scope: "Cluster" },
    ]);
  });

  test.each([
    [{ group: "example" }, "Expected `group` to be a DNS name such as `pki.example.com`, got `example`"],
    [{ group: "Pki.example.com" }, "got `Pki.example.com`"],
    [{ group: `${"a.".repeat(126)}example` }, "Expected `group` to be a DNS name"],
    [{ group: "cert-manager.io" }, "Expected `group` to be a group of your own, got `cert-manager.io`"],
    [{ group: "acme.cert-manager.io" }, "a group of your own"],
    [{ group: "pki.k8s.io" }, "a group of your own"],
    [{ version: "1" }, "Expected `version` to be a Kubernetes API version such as `v1alpha1`, got `1`"],
    [{ version: "v0" }, "got `v0`"],
    [{ kinds: {} }, "Expected `kinds` to be an object with `namespaced`, `cluster` or both, got `{}`"],
    [
      { kinds: { namespaced: "acmeIssuer" } },
      "Expected `kinds.namespaced` to be a CamelCase kind, got `acmeIssuer`",
    ],
    [
      { kinds: { cluster: "Acme-Issuer" } },
      "Expected `kinds.cluster` to be a CamelCase kind, got `Acme-Issuer`",
    ],
    [{ kinds: { cluster: `A${"c".repeat(59)}` } }, "Expected `kinds.cluster`"],
    [
      { kinds: { namespaced: "Acme", cluster: "ACME" } },
      "Expected `kinds` to be two different kinds, got `ACME`",
    ],
    [{ spec: z.object({ at: z.date() }) }, "Expected `spec.at` to have a structural schema"],
  ])("refuses %j", (wrong, message) => {
    const define = () => defineIssuer({ ...options, ...wrong });
    expect(define).toThrow(TypeError);
    expect(define).toThrow(message);
  });

  test("accepts the longest kind whose list is still a DNS label", () => {
    expect(() => defineIssuer({ ...options, kinds: { cluster: `A${"c".repeat(58)}` } })).not.toThrow();
  });

  test("accepts groups that only look like reserved ones", () => {
    for (const group of ["mycert-manager.io", "k8s.io.example.com"]) {
      expect(defineIssuer({ ...options, group }).group).toBe(group);
    }
  });

  test("is frozen", () => {
    const definition = defineIssuer(options);
    expect(Object.isFrozen(definition)).toBe(true);
    expect(Object.isFrozen(definition.kinds)).toBe(true);
  });

  test("leaves undefined references out, and says whether it reads Secrets at all", () => {
    const reading = defineIssuer({
      ...options,
      spec: z.object({ a: secretKeyRef().optional(), b: secretKeyRef({ defaultKey: "key" }) }),
      secrets: ({ a, b }) => ({ a, b }),
    });
    expect(reading.readsSecrets).toBe(true);
    expect(reading.secrets(reading.spec.parse({ b: { name: "s" } }))).toEqual({
      b: { name: "s", key: "key" },
    });
    expect(defineIssuer(options).readsSecrets).toBe(false);
    expect(defineIssuer(options).secrets({})).toEqual({});
  });

  test("reads the limits of an issuer object, none where it has none", () => {
    const definition = defineIssuer({
      ...options,
      spec: z.object({ limits: limitsSpec(), patience: z.number().optional() }),
      limits: ({ limits, patience }) => ({
        ...limits,
        ...(patience !== undefined && { retryForMs: patience }),
      }),
    });
    const read = (spec: object) => definition.limits(definition.spec.parse(spec));
    expect(read({ limits: { pendingFor: "72h" } })).toEqual({ pendingForMs: 259_200_000 });
    expect(read({})).toEqual({});
    expect(defineIssuer(options).limits({})).toEqual({});
    expect(() => read({ patience: 0 })).toThrow(
      "Expected `limits.retryForMs` to be a number above 0, got `0`",
    );
    expect(() => read({ patience: -1 })).toThrow("got `-1`");
  });

  test("has a structural schema for the limits", () => {
    const { properties } = structuralSchema(z.object({ limits: limitsSpec() }));
    expect(Object.keys(properties?.limits?.properties ?? {})).toEqual([
      "retryFor",
      "pendingFor",
      "maxConcurrentSigns",
      "maxSignsPerSecond",
      "reuseFor",
    ]);
    expect(properties?.limits?.properties?.retryFor).toMatchObject({ type: "string", maxLength: 64 });
  });

  test("turns a connect that throws into a rejection", async () => {
    const definition = defineIssuer({
      ...options,
      connect: () => {
        throw new Error("no CA");
      },
    });
    await expect(definition.connect({} as AnyConnectContext)).rejects.toThrow("no CA");
  });
});
