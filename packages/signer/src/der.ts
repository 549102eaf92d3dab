/**
 * A strict DER reader and writer, for backends whose protocol is ASN.1: what is read has passed the gate, and views copy
 * nothing.
 *
 * @module
 */
export {
  contextTag,
  DerElement,
  expectTag,
  readDer,
  readOid,
  readSequence,
  readSmallInteger,
  tags,
} from "./x509/der-reader.ts";
export {
  der,
  derBitString,
  derOctetString,
  derOid,
  derSequence,
  derSmallInteger,
} from "./x509/der-writer.ts";
export { Refusal } from "./x509/refusal.ts";
