import { describe, expectTypeOf, test } from "vitest";
import { z } from "zod";
import { asBytes, type Credentials, type ServiceAccountTokens, type SignerReports } from "../issuer/index.ts";
import { issued, pending } from "../outcome.ts";
import type { SignContext } from "../signer.ts";
import { testSigner } from "../testing/test-signer.ts";
import { configMapKeyRef } from "./config-map-key-ref.ts";
import { issuerFragment } from "./issuer-fragment.ts";
import { secretKeyRef } from "./secret-key-ref.ts";

const spec = z.object({
  url: z.url(),
  tokenSecretRef: secretKeyRef({ defaultKey: "token" }),
  caRef: configMapKeyRef().optional(),
});
const check = async () => undefined;
const chain = "-----BEGIN CERTIFICATE-----";

describe("issuerFragment", () => {
  test("gives connect the spec, the named values, the ports, and sign the kept operation", () => {
    const fragment = issuerFragment({
      spec,
      secrets: (spec) => ({ token: spec.tokenSecretRef }),
      configMaps: (spec) => ({ ca: spec.caRef }),
      requestsTokens: true,
      operation: z.object({ id: z.string() }),
      connect: ({ spec: parsed, secrets, configMaps, serviceAccountTokens, reports, issuer }) => {
        expectTypeOf(parsed).toEqualTypeOf<z.output<typeof spec>>();
        expectTypeOf(secrets).toEqualTypeOf<Readonly<Record<"token", string>>>();
        expectTypeOf(configMaps).toEqualTypeOf<{ readonly ca: string | undefined }>();
        expectTypeOf(serviceAccountTokens).toEqualTypeOf<ServiceAccountTokens>();
        expectTypeOf(reports).toEqualTypeOf<SignerReports>();
        expectTypeOf(issuer.group).toEqualTypeOf<string>();
        return {
          check,
          sign: async (_, context) => {
            expectTypeOf(context).toEqualTypeOf<SignContext<{ id: string }>>();
            return pending({ operation: { id: "1" } });
          },
        };
      },
    });
    expectTypeOf(fragment.spec).toEqualTypeOf<typeof spec>();
    expectTypeOf(testSigner).toBeCallableWith(fragment, { spec: { url: "https://pki.example.com" } });
  });

  test("gives the value of an optional key as possibly undefined", () => {
    issuerFragment({
      spec,
      secrets: (spec) => ({ token: { ...spec.tokenSecretRef, optional: true } as const }),
      connect: ({ secrets }) => {
        expectTypeOf(secrets).toEqualTypeOf<{ readonly token: string | undefined }>();
        return { check, sign: async () => issued({ chain }) };
      },
    });
  });

  test("gives a value as bytes where the reference asks for them", () => {
    const ofKerberos = z.object({ keytabRef: secretKeyRef(), sparePasswordRef: secretKeyRef().optional() });
    const fragment = issuerFragment({
      spec: ofKerberos,
      secrets: (spec) => ({
        keytab: asBytes(spec.keytabRef),
        maybe: asBytes(spec.sparePasswordRef),
        rare: asBytes({ ...spec.keytabRef, optional: true } as const),
        text: spec.keytabRef,
      }),
      connect: ({ secrets }) => {
        expectTypeOf(secrets.keytab).toEqualTypeOf<Uint8Array>();
        expectTypeOf(secrets.maybe).toEqualTypeOf<Uint8Array | undefined>();
        expectTypeOf(secrets.rare).toEqualTypeOf<Uint8Array | undefined>();
        expectTypeOf(secrets.text).toEqualTypeOf<string>();
        return { check, sign: async () => issued({ chain }) };
      },
    });
    expectTypeOf(testSigner).toBeCallableWith(fragment, { secrets: { keytab: new Uint8Array([5, 2]) } });
  });

  test("lets connect save the secrets that it names, and no other", () => {
    const fragment = issuerFragment({
      spec,
      secrets: (spec) => ({ token: spec.tokenSecretRef, key: spec.tokenSecretRef }),
      savesCredentials: ["token"],
      connect: ({ credentials }) => {
        expectTypeOf(credentials).toEqualTypeOf<Credentials<"token">>();
        const { signal } = new AbortController();
        credentials.save({ token: "x" }, { signal });
        // @ts-expect-error `key` is read only
        credentials.save({ key: "x" }, { signal });
        return { check, sign: async () => issued({ chain }) };
      },
    });
    expectTypeOf(testSigner).toBeCallableWith(fragment, { spec: { url: "https://pki.example.com" } });
    issuerFragment({
      spec,
      secrets: (spec) => ({ token: spec.tokenSecretRef }),
      // @ts-expect-error there is no such secret
      savesCredentials: ["tokn"],
      connect: () => ({ check, sign: async () => issued({ chain }) }),
    });
    issuerFragment({
      spec,
      secrets: (spec) => ({ token: spec.tokenSecretRef }),
      connect: ({ credentials }) => {
        // @ts-expect-error it does not say that it saves any
        credentials.save({ token: "x" }, { signal: new AbortController().signal });
        return { check, sign: async () => issued({ chain }) };
      },
    });
  });

  test("refuses a ConfigMap, a Secret or a field that is not named", () => {
    issuerFragment({
      spec,
      configMaps: (spec) => ({ ca: spec.caRef }),
      connect: ({ configMaps, secrets, spec }) => {
        // @ts-expect-error the ConfigMap is called `ca`
        configMaps.bundle;
        // @ts-expect-error there are no secrets
        secrets.token;
        // @ts-expect-error the field is called `url`
        spec.uri;
        return { check, sign: async () => issued({ chain }) };
      },
    });
  });

  test("refuses an operation that the fragment does not parse", () => {
    issuerFragment({
      spec,
      operation: z.object({ id: z.string() }),
      // @ts-expect-error `id` is a string
      connect: () => ({ check, sign: async () => pending({ operation: { id: 1 } }) }),
    });
  });

  test("refuses a value of `requestsTokens` that the controller's rights do not follow", () => {
    issuerFragment({
      spec,
      // @ts-expect-error left out, or true
      requestsTokens: false,
      connect: () => ({ check, sign: async () => issued({ chain }) }),
    });
  });
});
