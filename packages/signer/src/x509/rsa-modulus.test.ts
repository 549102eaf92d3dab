import { checkPrimeSync, createPublicKey, generateKeyPairSync, generatePrimeSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { modulusWeakness } from "./rsa-modulus.ts";

const octets = (n: bigint): Uint8Array => {
  const hex = n.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
};
const prime = (options: { add?: bigint; rem?: bigint } = {}): bigint =>
  generatePrimeSync(1024, { ...options, bigint: true });

/** A prime as CVE-2017-15361 makes it: k·M + (65537^a mod M), M the product of the primes up to 167. */
function rocaPrime(exponent: number): bigint {
  let product = 1n;
  for (let candidate = 2n; candidate <= 167n; candidate += 1n)
    if (product % candidate !== 0n && isPrime(candidate)) product *= candidate;
  let power = 1n;
  for (let i = 0; i < exponent; i += 1) power = (power * 65537n) % product;
  return prime({ add: product, rem: power });
}

function isPrime(candidate: bigint): boolean {
  for (let divisor = 2n; divisor * divisor <= candidate; divisor += 1n)
    if (candidate % divisor === 0n) return false;
  return true;
}

function nextPrime(after: bigint): bigint {
  for (let candidate = after + 2n; ; candidate += 2n) if (checkPrimeSync(candidate)) return candidate;
}

describe("modulusWeakness", () => {
  it("finds nothing in honest keys", () => {
    for (let i = 0; i < 3; i += 1) {
      const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
      const { n = "" } = createPublicKey(publicKey.export({ type: "spki", format: "pem" })).export({
        format: "jwk",
      });
      expect(modulusWeakness(Buffer.from(n, "base64url"))).toBeUndefined();
    }
  });

  it.each([2n, 3n, 5n, 743n, 751n])("finds the factor %s", (factor) => {
    expect(modulusWeakness(octets(prime() * prime() * factor))).toMatch(/small factor/);
  });

  it("does not take the factor 757 for a small one", () => {
    expect(modulusWeakness(octets(prime() * prime() * 757n))).toBeUndefined();
  });

  it("finds moduli of the ROCA library", () => {
    expect(modulusWeakness(octets(rocaPrime(12_345) * rocaPrime(54_321)))).toMatch(/ROCA/);
    expect(modulusWeakness(octets(rocaPrime(12_345) * prime()))).toBeUndefined();
  });

  it("finds two neighbouring primes", () => {
    const p = prime();
    expect(modulusWeakness(octets(p * nextPrime(p)))).toMatch(/too close/);
  });
});
