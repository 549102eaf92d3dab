import { IssuerError } from "@countersign/issuer-signer";

/** Ids of attributes (MS-NLMP 2.2.2.1). */
export const avIds = Object.freeze({
  eol: 0,
  flags: 6,
  timestamp: 7,
  targetName: 9,
  channelBindings: 10,
});

/** One attribute of a target's information. */
export interface AvPair {
  readonly id: number;
  readonly value: Uint8Array;
}

/** Reads a list that must end with MsvAvEOL. Throws an `IssuerError` where it does not keep to its bounds. */
export function readAvPairs(bytes: Uint8Array): readonly AvPair[] {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pairs: AvPair[] = [];
  for (let at = 0; ; ) {
    if (at + 4 > view.length) throw malformed("its target information does not end");
    const [id, length] = [view.readUInt16LE(at), view.readUInt16LE(at + 2)];
    at += 4;
    if (id === avIds.eol) return pairs;
    if (at + length > view.length) throw malformed("an attribute goes beyond its end");
    pairs.push({ id, value: view.subarray(at, at + length) });
    at += length;
  }
}

/** Writes a list, with its MsvAvEOL. */
export function writeAvPairs(pairs: readonly AvPair[]): Uint8Array {
  const parts = [...pairs, { id: avIds.eol, value: new Uint8Array() }].flatMap(({ id, value }) => {
    const head = Buffer.alloc(4);
    head.writeUInt16LE(id, 0);
    head.writeUInt16LE(value.length, 2);
    return [head, value];
  });
  return Buffer.concat(parts);
}

/** The error for a challenge that cannot be read. */
export function malformed(problem: string): IssuerError {
  return new IssuerError(
    `the server's NTLM challenge is malformed: ${problem}; check that the URL is the AD CS server's own`,
  );
}
