/**
 * n-fold of RFC 3961 §5.1: repeats the input, each time rotated right by 13 bits, until its length is a multiple of the
 * output's, and adds the pieces in one's complement.
 *
 * @param bytes length of the output, in bytes
 */
export function nFold(input: Uint8Array, bytes: number): Buffer {
  const bits = input.length * 8;
  const total = leastCommonMultiple(input.length, bytes);
  const folded = Buffer.alloc(bytes);
  let carry = 0;
  for (let at = total - 1; at >= 0; at -= 1) {
    const repetition = Math.floor(at / input.length);
    const from = (((at % input.length) * 8 - 13 * repetition) % bits) + bits;
    const sum = (folded[at % bytes] ?? 0) + octetAt(input, from % bits) + carry;
    folded[at % bytes] = sum & 0xff;
    carry = sum >> 8;
  }
  for (let at = bytes - 1; carry > 0; at = at === 0 ? bytes - 1 : at - 1) {
    const sum = (folded[at] ?? 0) + carry;
    folded[at] = sum & 0xff;
    carry = sum >> 8;
  }
  return folded;
}

/** Eight bits from a position, around the end. */
function octetAt(input: Uint8Array, bit: number): number {
  const [index, shift] = [bit >> 3, bit & 7];
  const pair = ((input[index] ?? 0) << 8) | (input[(index + 1) % input.length] ?? 0);
  return (pair >> (8 - shift)) & 0xff;
}

function leastCommonMultiple(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y > 0) [x, y] = [y, x % y];
  return (a * b) / x;
}
