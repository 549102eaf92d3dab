/** A message that is not Protobuf. */
export class WireError extends Error {}

/** One field as it is on the wire: its number, and its value by wire type. */
export type WireField =
  | { readonly number: number; readonly value: bigint }
  | { readonly number: number; readonly value: Buffer };

/**
 * The fields of a message, in order (Protocol Buffers, "Encoding"). Fixed-width values are skipped: no Kubernetes kind that
 * is read here has one.
 *
 * @throws WireError
 */
export function* wireFields(message: Buffer): Generator<WireField> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = message[at];
      if (byte === undefined) throw new WireError("unexpected EOF");
      at += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new WireError("integer overflow");
  };
  const skip = (length: number) => {
    if (length > message.length - at) throw new WireError("unexpected EOF");
    at += length;
  };
  while (at < message.length) {
    const tag = varint();
    const number = Number(tag >> 3n);
    if (number < 1 || number > 0x1fff_ffff) throw new WireError(`illegal tag ${number}`);
    switch (Number(tag & 7n)) {
      case 0:
        yield { number, value: varint() };
        break;
      case 1:
        skip(8);
        break;
      case 2: {
        const length = varint();
        const start = at;
        skip(length > BigInt(message.length) ? message.length + 1 : Number(length));
        yield { number, value: message.subarray(start, at) };
        break;
      }
      case 5:
        skip(4);
        break;
      default:
        throw new WireError(`illegal wire type ${tag & 7n}`);
    }
  }
}
