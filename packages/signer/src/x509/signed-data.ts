import { type BaseBlock, Constructed, fromBER, ObjectIdentifier, Sequence } from "asn1js";
import { oids } from "./oid.ts";
import { Refusal } from "./refusal.ts";

/** The encodings of the certificates in a ContentInfo of type SignedData; other kinds of certificate are passed over. */
export function readSignedDataCertificates(ber: Uint8Array): Uint8Array[] {
  const { offset, result } = decode(ber);
  if (offset !== ber.length) throw new Refusal("it is not one BER value");
  const [type, content] = children(result);
  if (!(type instanceof ObjectIdentifier) || type.getValue() !== oids.signedData)
    throw new Refusal("it is not SignedData");
  const [signedData] = children(content);
  const certificates = children(signedData).find(
    ({ idBlock }) => idBlock.tagClass === 3 && idBlock.tagNumber === 0,
  );
  return children(certificates)
    .filter((certificate) => certificate instanceof Sequence)
    .map((certificate) => certificate.valueBeforeDecodeView);
}

/** asn1js answers some malformed bytes with an offset of -1 and throws at others. */
function decode(ber: Uint8Array): ReturnType<typeof fromBER> {
  try {
    return fromBER(ber);
  } catch {
    throw new Refusal("it is not BER");
  }
}

function children(block: BaseBlock | undefined): BaseBlock[] {
  return block instanceof Constructed ? (block.valueBlock.value as BaseBlock[]) : [];
}
