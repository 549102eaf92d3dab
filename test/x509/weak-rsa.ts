import { checkPrimeSync, createHash, generatePrimeSync } from "node:crypto";
import {
  derBitString,
  derNull,
  derOctetString,
  derOid,
  derSequence,
  derSmallInteger,
  derUnsigned,
} from "../../packages/signer/src/x509/der-writer.ts";
import { encodeName } from "../../packages/signer/src/x509/encode-name.ts";
import { oids } from "../../packages/signer/src/x509/oid.ts";
import { attributesField } from "../../packages/signer/src/x509/request-fixture.ts";
import { encodeSignatureAlgorithm } from "../../packages/signer/src/x509/signature-algorithm.ts";

const EXPONENT = 65_537n;
const MODULUS_OCTETS = 256;

/**
 * A request by an RSA key of these primes, its signature sound: whoever refuses it refuses the key. node:crypto would
 * not sign with such a key, so this does the arithmetic.
 */
export function requestByPrimes(...primes: readonly bigint[]): Uint8Array {
  const modulus = primes.reduce((product, prime) => product * prime, 1n);
  const order = primes.reduce((product, prime) => product * (prime - 1n), 1n);
  const key = derSequence(derUnsigned(octets(modulus)), derUnsigned(octets(EXPONENT)));
  const info = derSequence(
    derSmallInteger(0),
    encodeName([{ type: "CN", value: "host.example.com" }]),
    derSequence(derSequence(derOid(oids.rsaEncryption), derNull), derBitString(key)),
    attributesField(),
  );
  const digest = createHash("sha256").update(info).digest();
  const digestInfo = derSequence(derSequence(derOid(oids.sha256), derNull), derOctetString(digest));
  // EMSA-PKCS1-v1_5 (RFC 8017 §9.2).
  const padded = Buffer.alloc(MODULUS_OCTETS, 0xff);
  padded.set([0, 1]);
  padded.set(digestInfo, MODULUS_OCTETS - digestInfo.length);
  padded[MODULUS_OCTETS - digestInfo.length - 1] = 0;
  const signature = power(toNumber(padded), inverse(EXPONENT, order), modulus);
  return derSequence(
    info,
    encodeSignatureAlgorithm("RSA-SHA256"),
    derBitString(octets(signature, MODULUS_OCTETS)),
  );
}

/** Primes as `make` makes them, tried until their product has 2048 bits. */
export function untilModulusFits(make: () => readonly bigint[]): readonly bigint[] {
  for (;;) {
    const primes = make();
    if (primes.reduce((product, prime) => product * prime, 1n).toString(2).length === MODULUS_OCTETS * 8)
      return primes;
  }
}

/** Two primes of 1024 bits, the second the next after the first. */
export function neighbouringPrimes(): readonly bigint[] {
  const first = primeOf(1024);
  let second = first + 2n;
  while (!checkPrimeSync(second)) second += 2n;
  return [first, second];
}

/** A prime of so many bits as CVE-2017-15361 (ROCA) makes it: k·M + (65537^a mod M), M the product of the primes up to 167. */
export function rocaPrime(bits: number, exponent: number): bigint {
  let product = 1n;
  for (let candidate = 2n; candidate <= 167n; candidate += 1n)
    if (checkPrimeSync(candidate)) product *= candidate;
  return generatePrimeSync(bits, {
    bigint: true,
    add: product,
    rem: power(EXPONENT, BigInt(exponent), product),
  });
}

/** A prime of so many bits, its two highest set. */
export function primeOf(bits: number): bigint {
  return generatePrimeSync(bits, { bigint: true });
}

function octets(value: bigint, length = 0): Uint8Array {
  const hex = value.toString(16);
  return Buffer.from(hex.padStart(Math.max(hex.length + (hex.length % 2), length * 2), "0"), "hex");
}

function toNumber(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (const bit of exponent.toString(2)) {
    result = (result * result) % modulus;
    if (bit === "1") result = (result * base) % modulus;
  }
  return result;
}

/** By Euclid's algorithm. */
function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b, x, y] = [value, modulus, 1n, 0n];
  while (b !== 0n) {
    const quotient = a / b;
    [a, b] = [b, a - quotient * b];
    [x, y] = [y, x - quotient * y];
  }
  return ((x % modulus) + modulus) % modulus;
}
