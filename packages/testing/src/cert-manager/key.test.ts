import { createPrivateKey } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { PrivateKeySpec } from "./certificate.ts";
import { encodePrivateKey, generatePrivateKey, privateKeyMismatch } from "./key.ts";

const cases: readonly [PrivateKeySpec, string, object][] = [
  [{}, "RSA PRIVATE KEY", { modulusLength: 2048 }],
  [{ algorithm: "RSA", size: 3072 }, "RSA PRIVATE KEY", { modulusLength: 3072 }],
  [{ algorithm: "RSA", size: 2048, encoding: "PKCS8" }, "PRIVATE KEY", { modulusLength: 2048 }],
  [{ algorithm: "ECDSA" }, "EC PRIVATE KEY", { namedCurve: "prime256v1" }],
  [{ algorithm: "ECDSA", size: 384 }, "EC PRIVATE KEY", { namedCurve: "secp384r1" }],
  [{ algorithm: "ECDSA", size: 521, encoding: "PKCS8" }, "PRIVATE KEY", { namedCurve: "secp521r1" }],
  [{ algorithm: "Ed25519" }, "PRIVATE KEY", {}],
];

describe("a private key", () => {
  test.each(cases)(
    "of %j is made, encoded as %s and satisfies its own spec",
    async (spec, label, details) => {
      const key = await generatePrivateKey(spec);
      const pem = encodePrivateKey(key, spec.encoding);
      expect(pem).toMatch(new RegExp(`^-----BEGIN ${label}-----\n`));
      const read = createPrivateKey(pem);
      expect(read.asymmetricKeyDetails).toMatchObject(details);
      expect(privateKeyMismatch(read, spec)).toBeUndefined();
    },
  );

  test("of another algorithm or size does not satisfy the spec", async () => {
    const key = await generatePrivateKey({ algorithm: "ECDSA" });
    expect(privateKeyMismatch(key, {})).toBe("spec.privateKey.algorithm");
    expect(privateKeyMismatch(key, { algorithm: "ECDSA", size: 384 })).toBe("spec.privateKey.size");
  });

  test.each<PrivateKeySpec>([
    { algorithm: "RSA", size: 1024 },
    { algorithm: "ECDSA", size: 2048 },
  ])("of %j is refused", async (spec) => {
    await expect(generatePrivateKey(spec)).rejects.toThrow(
      /spec.privateKey.size of .* must be one of .*, got/,
    );
  });
});
