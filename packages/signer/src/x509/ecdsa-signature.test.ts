import { sign, verify } from "node:crypto";
import { describe, expect, it } from "vitest";
import { newPrivateKey } from "./ca-certificate.ts";
import { softwareCaSigner } from "./ca-signer.ts";
import { ecdsaSignatureToDer } from "./ecdsa-signature.ts";

const key = newPrivateKey({ name: "EC", curve: "P-256" });
const { publicKey } = softwareCaSigner(key);

describe("ecdsaSignatureToDer", () => {
  it("makes what OpenSSL verifies, also of r and s with leading zeros and high bits", () => {
    let leadingZeros = 0;
    for (let i = 0; i < 2000; i += 1) {
      const message = Buffer.from(String(i));
      const raw = sign("sha256", message, { key, dsaEncoding: "ieee-p1363" });
      if (raw[0] === 0 || raw[32] === 0) leadingZeros += 1;
      expect(verify("sha256", message, publicKey, ecdsaSignatureToDer(raw))).toBe(true);
    }
    expect(leadingZeros).toBeGreaterThan(0);
  });

  it("refuses what cannot be two numbers", () => {
    for (const length of [0, 63])
      expect(() => ecdsaSignatureToDer(new Uint8Array(length))).toThrow(TypeError);
  });
});
