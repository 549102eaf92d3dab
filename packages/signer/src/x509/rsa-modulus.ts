import { toHex } from "./bytes.ts";

/** The primes up to 752, as Boulder's `goodkey` and NIST SP 800-89 §5.3.3 divide by. */
const smallPrimes: readonly number[] = primesUpTo(752);
/** Their product: about a thousand bits. */
const smallProduct: bigint = smallPrimes.reduce((all, prime) => all * BigInt(prime), 1n);

/**
 * The primes up to 167 with the residues that 65537 generates. Every modulus of the broken Infineon library (ROCA,
 * CVE-2017-15361) lies in all of these groups; one honest modulus in some hundred million does too.
 */
const rocaGroups: readonly (readonly [prime: number, residues: ReadonlySet<number>])[] = smallPrimes
  .filter((prime) => prime <= 167)
  .map((prime) => [prime, powersOf65537(prime)]);

/** As many as Boulder tries: enough for primes that were taken from a sequence or differ in few low bits. */
const fermatRounds = 110;

/** Coprime moduli; squares have one residue in 31 modulo the first (16·9·5·7) and one in 12 modulo the second (11·13·17·19). */
const sieves: readonly (readonly [modulus: number, isSquare: Uint8Array])[] = [5040, 46_189].map(
  (modulus) => {
    const isSquare = new Uint8Array(modulus);
    for (let root = 0; root < modulus; root += 1) isSquare[(root * root) % modulus] = 1;
    return [modulus, isSquare];
  },
);
const sieveProduct: bigint = sieves.reduce((all, [modulus]) => all * BigInt(modulus), 1n);

/** Why a modulus, given most significant octet first, can be factored by anybody; undefined if none of the tests finds out. */
export function modulusWeakness(modulus: Uint8Array): string | undefined {
  const n = BigInt(`0x${toHex(modulus)}`);
  // One long division; the rest is by a remainder of about a thousand bits.
  const remainder = n % smallProduct;
  const residue = (prime: number): number => Number(remainder % BigInt(prime));
  if (smallPrimes.some((prime) => residue(prime) === 0)) return "has a small factor";
  if (rocaGroups.every(([prime, residues]) => residues.has(residue(prime))))
    return "was made by a broken library (ROCA)";
  return hasClosePrimes(n) ? "is of two primes that are too close" : undefined;
}

/** Fermat's factorisation: n = a² − b² with a just above the root of n. */
function hasClosePrimes(n: bigint): boolean {
  let a = squareRoot(n) + 1n;
  // b² grows by 2a + 1 from one a to the next: no multiplication of full length in the loop.
  let square = a * a - n;
  for (let round = 0; round < fermatRounds; round += 1) {
    if (couldBeSquare(square) && squareRoot(square) ** 2n === square) return true;
    square += 2n * a + 1n;
    a += 1n;
  }
  return false;
}

/** False for all but a few of the numbers that are no squares. */
function couldBeSquare(value: bigint): boolean {
  const residue = Number(value % sieveProduct);
  return sieves.every(([modulus, isSquare]) => isSquare[residue % modulus] === 1);
}

/** The integer square root, by Newton's iteration from above. */
function squareRoot(value: bigint): bigint {
  let root = 1n << BigInt((value.toString(16).length * 4 + 1) >> 1);
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

function powersOf65537(prime: number): ReadonlySet<number> {
  const residues = new Set<number>();
  for (let power = 1 % prime; !residues.has(power); power = (power * 65_537) % prime) residues.add(power);
  return residues;
}

function primesUpTo(limit: number): number[] {
  const primes: number[] = [];
  for (let candidate = 2; candidate <= limit; candidate += 1)
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate);
  return primes;
}
