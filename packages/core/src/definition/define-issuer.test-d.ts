import { issued, pending, RequestRejected, type SignContext, type Signer } from "@countersign/issuer-signer";
import { issuerFragment, secretKeyRef } from "@countersign/issuer-signer/spec";
import { describe, expectTypeOf, test } from "vitest";
import { z } from "zod";
import { defineIssuer, type IssuerDefinition } from "./define-issuer.ts";

const identity = {
  group: "pki.example.com",
  version: "v1alpha1",
  kinds: { namespaced: "AcmeIssuer" },
} as const;
const spec = z.object({ url: z.url(), tokenSecretRef: secretKeyRef(), retries: z.int().default(3) });
const order = z.object({ id: z.string(), state: z.enum(["pending", "rejected", "done"]), pem: z.string() });
const chain = { chain: "-----BEGIN CERTIFICATE-----" };
const check = async () => undefined;

describe("defineIssuer", () => {
  test("compiles the example of the design", () => {
    const acme = defineIssuer({
      group: "pki.example.com",
      version: "v1alpha1",
      kinds: { namespaced: "AcmeIssuer", cluster: "AcmeClusterIssuer" },
      spec: z.object({ url: z.url(), tokenSecretRef: secretKeyRef() }),
      secrets: (spec) => ({ token: spec.tokenSecretRef }),
      operation: z.object({ id: z.string() }),
      connect: ({ spec, secrets, http }) => ({
        check: ({ signal }) => http.get(`${spec.url}/health`, { bearer: secrets.token, signal }),
        async sign(request, { operation, signal, attemptId }) {
          const json = { csr: request.csr, key: attemptId };
          const { id } = operation ?? (await http.post(`${spec.url}/orders`, { json, signal, parse: order }));
          const answer = await http.get(`${spec.url}/orders/${id}`, { signal, parse: order });
          if (answer.state === "pending") return pending({ operation: { id }, retryAfterMs: 10_000 });
          if (answer.state === "rejected") throw new RequestRejected(answer.id);
          return issued({ chain: answer.pem });
        },
      }),
    });
    expectTypeOf(acme).toEqualTypeOf<IssuerDefinition>();
  });

  test("gives connect the parsed spec, the named secrets and sign the kept operation", () => {
    defineIssuer({
      ...identity,
      spec,
      secrets: (spec) => {
        expectTypeOf(spec.retries).toEqualTypeOf<number>();
        return { token: spec.tokenSecretRef };
      },
      operation: z.object({ id: z.string() }),
      connect: async ({ spec: parsed, secrets }) => {
        expectTypeOf(parsed).toEqualTypeOf<z.output<typeof spec>>();
        expectTypeOf(secrets).toEqualTypeOf<Readonly<Record<"token", string>>>();
        return {
          check,
          sign: async (request, context) => {
            expectTypeOf(request.csr).toEqualTypeOf<string>();
            expectTypeOf(context).toEqualTypeOf<SignContext<{ id: string }>>();
            return issued(chain);
          },
        };
      },
    });
  });

  test("takes a fragment that saves credentials", () => {
    const fragment = issuerFragment({
      spec,
      secrets: (spec) => ({ token: spec.tokenSecretRef }),
      savesCredentials: ["token"],
      connect: ({ credentials }) => ({
        check: ({ signal }) => credentials.save({ token: "x" }, { signal }),
        sign: async () => issued(chain),
      }),
    });
    expectTypeOf(defineIssuer({ ...identity, ...fragment })).toEqualTypeOf<IssuerDefinition>();
  });

  test("takes a class that implements Signer", () => {
    class AcmeSigner implements Signer<{ id: string }> {
      check = check;
      sign = async () => issued(chain);
    }
    defineIssuer({
      ...identity,
      spec,
      operation: z.object({ id: z.string() }),
      connect: () => new AcmeSigner(),
    });
    // @ts-expect-error the signer keeps an operation that the definition does not parse
    defineIssuer({ ...identity, spec, connect: (): Signer<{ id: string }> => new AcmeSigner() });
  });

  test("refuses a pending outcome with another operation", () => {
    defineIssuer({
      ...identity,
      spec,
      operation: z.object({ id: z.string() }),
      connect: () => ({
        check,
        // @ts-expect-error `id` is a string
        sign: async () => pending({ operation: { id: 1 } }),
      }),
    });
    defineIssuer({
      ...identity,
      spec,
      operation: z.object({ id: z.string() }),
      connect: () => ({
        check,
        // @ts-expect-error the operation is missing its `id`
        sign: async () => pending({ operation: {} }),
      }),
    });
  });

  test("refuses an operation where the definition has none", () => {
    defineIssuer({
      ...identity,
      spec,
      connect: () => ({
        check,
        // @ts-expect-error without `operation` nothing could be read back
        sign: async () => pending({ operation: { id: "1" } }),
      }),
    });
  });

  test("accepts pending without an operation where the definition has none", () => {
    defineIssuer({
      ...identity,
      spec,
      connect: () => ({ check, sign: async () => pending({ operation: undefined }) }),
    });
  });

  test("refuses a secret that `secrets` does not name", () => {
    defineIssuer({
      ...identity,
      spec,
      secrets: (spec) => ({ token: spec.tokenSecretRef }),
      connect: ({ secrets }) => {
        // @ts-expect-error the secret is called `token`
        secrets.tokne;
        return { check, sign: async () => issued(chain) };
      },
    });
    defineIssuer({
      ...identity,
      spec,
      connect: ({ secrets }) => {
        // @ts-expect-error there are no secrets
        secrets.token;
        return { check, sign: async () => issued(chain) };
      },
    });
  });

  test("refuses a field that the spec does not have", () => {
    defineIssuer({
      ...identity,
      spec,
      // @ts-expect-error the field is called `tokenSecretRef`
      secrets: (spec) => ({ token: spec.tokenRef }),
      connect: ({ spec }) => {
        // @ts-expect-error the field is called `url`
        spec.uri;
        return { check, sign: async () => issued(chain) };
      },
    });
  });

  test("refuses a reference that is not a SecretKeyRef", () => {
    defineIssuer({
      ...identity,
      spec,
      // @ts-expect-error a string names no key
      secrets: (spec) => ({ token: spec.url }),
      connect: () => ({ check, sign: async () => issued(chain) }),
    });
  });

  test("leaves out a reference that is undefined", () => {
    defineIssuer({
      ...identity,
      spec: z.object({ tokenSecretRef: secretKeyRef().optional(), keySecretRef: secretKeyRef() }),
      secrets: (spec) => ({ token: spec.tokenSecretRef, key: spec.keySecretRef }),
      connect: ({ secrets }) => {
        expectTypeOf(secrets.token).toEqualTypeOf<string | undefined>();
        expectTypeOf(secrets.key).toEqualTypeOf<string>();
        return { check, sign: async () => issued(chain) };
      },
    });
  });

  test("takes a backend's fragment beside the names of the kinds", () => {
    const fragment = issuerFragment({
      spec,
      secrets: (spec) => ({ token: spec.tokenSecretRef }),
      requestsTokens: true,
      operation: z.object({ id: z.string() }),
      connect: () => ({ check, sign: async () => pending({ operation: { id: "1" } }) }),
    });
    expectTypeOf(defineIssuer({ ...identity, ...fragment })).toEqualTypeOf<IssuerDefinition>();
    // @ts-expect-error an operation of another shape than the backend's signer keeps
    defineIssuer({ ...identity, ...fragment, operation: z.object({ id: z.number() }) });
  });
});
