import { toHex } from "./bytes.ts";

/** The primes up to 752, as Boulder's `goodkey` and NIST SP 800-89 §5.3.3 divide by. */
const smallPrimes: readonly bigint[] = primesUpTo(752);
const product: bigint = smallPrimes.reduce((all, prime) => all * prime, 1n);

/** Whether the modulus, given most significant octet first, is divisible by 2 or another prime up to 752. */
export function hasSmallFactor(modulus: Uint8Array): boolean {
  // One long division; the rest is by a remainder of about a thousand bits.
  const remainder = BigInt(`0x${toHex(modulus)}`) % product;
  return smallPrimes.some((prime) => remainder % prime === 0n);
}

function primesUpTo(limit: number): bigint[] {
  const primes: bigint[] = [];
  for (let candidate = 2n; candidate <= limit; candidate += 1n)
    if (primes.every((prime) => candidate % prime !== 0n)) primes.push(candidate);
  return primes;
}
