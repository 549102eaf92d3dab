import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CredentialGuard, newSelfSignedCa } from "@countersign/issuer-signer";
import { describe, expect, test } from "vitest";
import { connectPkcs11, type Pkcs11Context } from "./connect-pkcs11.ts";
import type { HsmFault } from "./hsm-fault.ts";
import { pkcs11Issuer } from "./pkcs11-issuer.ts";
import type { Pkcs11IssuerOptions } from "./pkcs11-issuer-options.ts";
import { pkcs11Spec } from "./spec.ts";

const { certificate } = newSelfSignedCa({
  commonName: "CA",
  notBefore: new Date(Date.now() - 1_000),
  notAfter: new Date(Date.now() + 86_400_000),
});
const path = "/usr/lib/none/module.so";
const options: Pkcs11IssuerOptions = { modules: [{ path }] };

interface Input {
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly configMaps?: { readonly certificate: string };
  readonly namespace?: string;
}

function context({
  spec = {},
  secrets = { pin0: "1234" },
  configMaps,
  namespace = "",
}: Input = {}): Pkcs11Context {
  return {
    spec: pkcs11Spec.parse({ tokens: [{ label: "ca1" }], certificate: { inline: certificate.pem }, ...spec }),
    secrets,
    configMaps: configMaps ?? { certificate: undefined },
    issuer: { group: "g", kind: "HSMIssuer", name: "i", namespace, uid: "uid" },
  };
}

const connect = async (input?: Input, more: Partial<Pkcs11IssuerOptions> = {}) => {
  const signer = await connectPkcs11(
    context(input),
    { ...options, ...more },
    new CredentialGuard<HsmFault>(),
  );
  await signer.close();
  return signer;
};

describe("connectPkcs11", () => {
  test("touches no token: a wrong PIN or a missing module is met by check, and named there", async () => {
    const signer = await connectPkcs11(
      context(),
      { ...options, patienceMs: 0 },
      new CredentialGuard<HsmFault>(),
    );
    await expect(signer.check({ signal: AbortSignal.timeout(20_000) })).rejects.toMatchObject({
      code: "ISSUER",
      message: expect.stringMatching(/module cannot be loaded.*none\/module\.so/),
    });
    await signer.close();
  });

  test("takes the CA certificate from a Secret, a ConfigMap or the spec", async () => {
    await connect();
    await connect({
      spec: { certificate: { secretRef: { name: "ca" } } },
      secrets: { certificate: certificate.pem, pin0: "1234" },
    });
    await connect({
      spec: { certificate: { configMapRef: { name: "ca" } } },
      configMaps: { certificate: certificate.pem },
    });
    expect(pkcs11Spec.safeParse({ tokens: [{ label: "a" }], certificate: {} }).success).toBe(false);
  });

  test("asks for a PIN for each token, its own before the issuer's", () => {
    const { spec } = context({
      spec: {
        tokens: [{ label: "a" }, { label: "b", pinSecretRef: { name: "b-pin", key: "p" } }],
        pinSecretRef: { name: "pin" },
        certificate: { secretRef: { name: "ca" } },
      },
    });
    expect(pkcs11Issuer(options).secrets?.(spec)).toEqual({
      certificate: { name: "ca", key: "tls.crt" },
      pin0: { name: "pin", key: "pin" },
      pin1: { name: "b-pin", key: "p" },
    });
  });

  test.each<[string, Input, string]>([
    [
      "a module that the operator does not allow",
      { spec: { tokens: [{ label: "a", modulePath: "/tmp/evil.so" }] } },
      "is not one that the operator allows, which are: /usr/lib/none/module.so",
    ],
    [
      "such a module in a URI",
      { spec: { tokens: [{ uri: "pkcs11:token=a?module-path=/tmp/evil.so" }] } },
      "is not one that the operator allows",
    ],
    [
      "a path that only leads to the same file",
      { spec: { tokens: [{ label: "a", modulePath: "/usr/lib/none/../none/module.so" }] } },
      "is not one that the operator allows",
    ],
    ["no token", { spec: { tokens: [{}] } }, "spec.tokens[0] names no token"],
    ["a URI and a label", { spec: { tokens: [{ uri: "pkcs11:token=a", label: "a" }] } }, "say it once"],
    ["a malformed URI", { spec: { tokens: [{ uri: "pkcs11:slot-id=1" }] } }, "the PKCS#11 URI is refused"],
    [
      "two keys",
      { spec: { tokens: [{ uri: "pkcs11:token=a;object=x" }], key: { label: "y" } } },
      "spec names several keys",
    ],
    [
      "no certificate in the text",
      { spec: { certificate: { inline: "none" } } },
      "the CA certificate of the issuer is not usable",
    ],
    [
      "the operator's PIN in a namespaced issuer",
      { spec: { operatorPin: "main" }, namespace: "team", secrets: {} },
      "operatorPin is for cluster issuers",
    ],
    [
      "a PIN that the operator does not have",
      { spec: { operatorPin: "constructor" }, secrets: {} },
      "the operator has no PIN named",
    ],
    ["two PINs", { spec: { operatorPin: "main" } }, "use one of them"],
  ])("refuses %s", async (_, input, words) => {
    await expect(connect(input, { pins: { main: { value: "1" } } })).rejects.toMatchObject({
      code: "ISSUER",
      message: expect.stringContaining(words),
    });
  });

  test("wants a module to be named where the operator allows several", async () => {
    const modules = [{ path }, { path: "/usr/lib/other.so" }];
    await expect(connect({}, { modules })).rejects.toThrow(
      `names no module; the operator allows ${path}, /usr/lib/other.so`,
    );
    await connect({ spec: { tokens: [{ label: "a", modulePath: "/usr/lib/other.so" }] } }, { modules });
  });

  test("reads the operator's PIN from a file, and says where it cannot without naming the file", async () => {
    const folder = mkdtempSync(join(tmpdir(), "countersign-pin-"));
    const file = join(folder, "pin");
    const input = { spec: { operatorPin: "main" }, secrets: {} };
    await expect(connect(input, { pins: { main: { file } } })).rejects.toMatchObject({
      message: expect.not.stringContaining(folder),
      code: "ISSUER",
    });
    writeFileSync(file, "1234\n");
    await connect(input, { pins: { main: { file } } });
    rmSync(folder, { recursive: true });
  });

  test("is idempotent unless serial numbers come by chance", async () => {
    expect((await connect()).idempotent).toBe(true);
    expect((await connect({ spec: { profile: { serial: "random" } } })).idempotent).toBe(false);
  });
});

test("pkcs11Issuer refuses a module without an absolute path, which would be looked for by the loader", () => {
  expect(() => pkcs11Issuer({ modules: [{ path: "libsofthsm2.so" }] })).toThrow(
    "Expected `modules[].path` to be an absolute path, got `libsofthsm2.so`",
  );
});
