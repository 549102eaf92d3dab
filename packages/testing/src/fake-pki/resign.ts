import { type KeyObject, sign } from "node:crypto";
import { encodePem } from "@countersign/issuer-signer";

/** How a certificate is altered before it is signed anew. */
export interface ResignOptions {
  /** Signs; must be of the kind that the certificate's algorithm names. */
  readonly key: KeyObject;
  /** `sha256` unless given. */
  readonly hash?: string | undefined;
  /** Bytes in the TBSCertificate and what replaces each occurrence; as long as them, so that no length changes. */
  readonly replace?: readonly (readonly [from: Uint8Array, to: Uint8Array])[] | undefined;
  /** The same for the AlgorithmIdentifier beside the signature; what `replace` says unless given. */
  readonly replaceOuter?: ResignOptions["replace"];
}

/**
 * A certificate with other bytes and a signature that is right for them: what a PKI with a fault in its encoder or its
 * profile would issue. Answers PEM.
 */
export function resigned(certificateDer: Uint8Array, options: ResignOptions): string {
  const { key, hash = "sha256", replace = [], replaceOuter = replace } = options;
  const [tbs, algorithm] = elements(elements(certificateDer)[0] ?? new Uint8Array(), { withHeader: true });
  const newTbs = replaced(tbs ?? new Uint8Array(), replace);
  const signature = sign(hash, newTbs, key);
  const bits = Buffer.concat([Buffer.from([0]), signature]);
  return encodePem(
    "CERTIFICATE",
    tlv(
      0x30,
      Buffer.concat([newTbs, replaced(algorithm ?? new Uint8Array(), replaceOuter), tlv(0x03, bits)]),
    ),
  );
}

function replaced(bytes: Uint8Array, pairs: NonNullable<ResignOptions["replace"]>): Buffer {
  const result = Buffer.from(bytes);
  for (const [from, to] of pairs) {
    if (from.length !== to.length) throw new TypeError("Expected the replacement to be as long as the bytes");
    for (let at = result.indexOf(from); at >= 0; at = result.indexOf(from, at + to.length))
      result.set(to, at);
  }
  return result;
}

/** The contents of the DER elements in a row; with their headers where asked for. Only for DER that is known to be good. */
function elements(der: Uint8Array, { withHeader = false } = {}): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let at = 0; at < der.length; ) {
    const first = der[at + 1] ?? 0;
    const lengthOctets = first < 0x80 ? 0 : first & 0x7f;
    const start = at + 2 + lengthOctets;
    const length = lengthOctets === 0 ? first : Buffer.from(der).readUIntBE(at + 2, lengthOctets);
    found.push(der.subarray(withHeader ? at : start, start + length));
    at = start + length;
  }
  return found;
}

/** One DER element. */
export function tlv(tag: number, content: Uint8Array): Buffer {
  const { length } = content;
  const header =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...header]), content]);
}
