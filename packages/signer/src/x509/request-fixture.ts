import { type KeyObject, sign } from "node:crypto";
import { softwareCaSigner, spkiOf } from "./ca-signer.ts";
import { contextTag, tags } from "./der-reader.ts";
import { der, derBitString, derOid, derSequence, derSmallInteger } from "./der-writer.ts";
import { encodeName } from "./encode-name.ts";
import { encodeExtension } from "./extensions.ts";
import { oids } from "./oid.ts";
import {
  encodeSignatureAlgorithm,
  paddingOf,
  type SignatureAlgorithm,
  schemeOf,
} from "./signature-algorithm.ts";

/** The parts of a PKCS#10 request, each replaceable by what a hostile client would put there. */
export interface RequestParts {
  readonly key: KeyObject;
  readonly version?: Uint8Array;
  readonly subject?: Uint8Array;
  readonly spki?: Uint8Array;
  /** The whole attributes field; an empty array leaves it out. */
  readonly attributes?: Uint8Array;
  readonly extensions?: readonly Uint8Array[];
  /** The algorithm that signs, and its identifier unless `algorithmIdentifier` lies about it. */
  readonly algorithm?: SignatureAlgorithm;
  readonly algorithmIdentifier?: Uint8Array;
  /** Turns the honest signature into the BIT STRING. */
  readonly signatureBits?: (signature: Uint8Array) => Uint8Array;
}

/** For tests: writes a request from parts and signs it, so that only the part under test is wrong. */
export function writeRequest(parts: RequestParts): Uint8Array {
  const algorithm = parts.algorithm ?? softwareCaSigner(parts.key).algorithm;
  const info = derSequence(
    parts.version ?? derSmallInteger(0),
    parts.subject ?? encodeName([{ type: "CN", value: "host.example.com" }]),
    parts.spki ?? spkiOf(parts.key),
    parts.attributes ?? attributesField(extensionRequest(...(parts.extensions ?? []))),
  );
  const scheme = schemeOf(algorithm);
  const signature = sign(scheme.hash, info, { key: parts.key, ...paddingOf(scheme) });
  return derSequence(
    info,
    parts.algorithmIdentifier ?? encodeSignatureAlgorithm(algorithm),
    (parts.signatureBits ?? derBitString)(signature),
  );
}

/** The [0] field of attributes. */
export function attributesField(...attributes: readonly Uint8Array[]): Uint8Array {
  return der(contextTag(0, true), ...attributes);
}

/** One extensionRequest attribute with one value. */
export function extensionRequest(...extensions: readonly Uint8Array[]): Uint8Array {
  return attribute(oids.extensionRequest, derSequence(...extensions));
}

/** One attribute with its values. */
export function attribute(oid: string, ...values: readonly Uint8Array[]): Uint8Array {
  return derSequence(derOid(oid), der(tags.set, ...values));
}

/** A subjectAltName extension of encoded GeneralNames. */
export function sanExtension(...names: readonly Uint8Array[]): Uint8Array {
  return encodeExtension(oids.subjectAltName, false, derSequence(...names));
}

/** A GeneralName of text or octets under a primitive context tag: 1 e-mail, 2 DNS, 6 URI, 7 IP. */
export function generalName(tag: number, value: string | Uint8Array): Uint8Array {
  return der(contextTag(tag, false), typeof value === "string" ? Buffer.from(value, "latin1") : value);
}

/** A Name of one attribute with a value of any type. */
export function nameOf(oid: string, tag: number, value: string | Uint8Array): Uint8Array {
  const content = typeof value === "string" ? Buffer.from(value, "latin1") : value;
  return derSequence(der(tags.set, derSequence(derOid(oid), der(tag, content))));
}
