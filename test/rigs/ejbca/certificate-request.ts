import { createPublicKey, type KeyObject, verify } from "node:crypto";
import {
  contextTag,
  type DerElement,
  readDer,
  readOctetAlignedBits,
  readOid,
  readSequence,
} from "../../../packages/signer/src/x509/der-reader.ts";
import { oids } from "../../../packages/signer/src/x509/oid.ts";
import { paddingOf, readSignatureScheme } from "../../../packages/signer/src/x509/signature-algorithm.ts";
import { type DnPart, readDn } from "./distinguished-name.ts";

/** A kind of subject alternative name, in EJBCA's spelling of the field. */
export type SanField = "RFC822NAME" | "DNSNAME" | "UNIFORMRESOURCEID" | "IPADDRESS" | "OTHERNAME";

/** One subject alternative name. */
export interface SanName {
  readonly field: SanField;
  readonly tag: number;
  readonly value: Uint8Array;
}

/** A PKCS#10 request as EJBCA takes it: with weak keys, empty names and what our own toolkit refuses. */
export interface ReadRequest {
  readonly der: Uint8Array;
  /** In the order of the encoding. */
  readonly subject: readonly DnPart[];
  readonly names: readonly SanName[];
  readonly spkiDer: Uint8Array;
  readonly publicKey: KeyObject;
  /** Whether the request is signed by its own key. */
  readonly provesPossession: boolean;
}

const sanFields: Readonly<Record<number, SanField>> = Object.freeze({
  [contextTag(1, false)]: "RFC822NAME",
  [contextTag(2, false)]: "DNSNAME",
  [contextTag(6, false)]: "UNIFORMRESOURCEID",
  [contextTag(7, false)]: "IPADDRESS",
});

/**
 * The bytes of `certificate_request`: one PEM block from its first character on (what follows is not looked at), or bare
 * base64. Blank space before the block, other labels and base64 of a PEM text are no requests.
 */
export function requestBytes(text: unknown): Uint8Array | undefined {
  if (typeof text !== "string") return undefined;
  const block =
    /^-----BEGIN CERTIFICATE REQUEST-----\s*([A-Za-z0-9+/=\s]+)-----END CERTIFICATE REQUEST-----/.exec(text);
  const base64 = (block?.[1] ?? text).replace(/\s+/g, "");
  return base64 !== "" && /^[A-Za-z0-9+/]+=*$/.test(base64) ? Buffer.from(base64, "base64") : undefined;
}

/** Reads a request; undefined where the bytes are none. */
export function readRequest(bytes: Uint8Array): ReadRequest | undefined {
  try {
    const [info, algorithm, signature] = readSequence(readDer(bytes, "the request"), "the request");
    const [, subject, spki, attributes] = readSequence(info, "the request");
    if (info === undefined || subject === undefined || spki === undefined || algorithm === undefined)
      return undefined;
    const publicKey = toPublicKey(spki);
    if (publicKey === undefined) return undefined;
    const signed = readOctetAlignedBits(signature, "the signature");
    return {
      der: bytes,
      subject: readDn(subject),
      names: readNames(attributes),
      spkiDer: spki.der,
      publicKey,
      provesPossession: isSignedBy(publicKey, info.der, algorithm, signed),
    };
  } catch {
    return undefined;
  }
}

/** Node aborts on the point at infinity, so that an EC point must begin with a form that has coordinates. */
function toPublicKey(spki: DerElement): KeyObject | undefined {
  const [algorithm, bits] = readSequence(spki, "the public key");
  const isEc = readOid(readSequence(algorithm, "the algorithm")[0], "the algorithm") === oids.ecPublicKey;
  const first = readOctetAlignedBits(bits, "the public key")[0] ?? 0;
  if (isEc && ![2, 3, 4].includes(first)) return undefined;
  return createPublicKey({ key: Buffer.from(spki.der), format: "der", type: "spki" });
}

function readNames(attributes: DerElement | undefined): SanName[] {
  for (const attribute of attributes?.children() ?? []) {
    const [type, values] = attribute.children();
    if (type === undefined || readOid(type, "an attribute") !== oids.extensionRequest) continue;
    for (const extension of values?.children()[0]?.children() ?? []) {
      const fields = extension.children();
      if (readOid(fields[0], "an extension") !== oids.subjectAltName) continue;
      const value = fields.at(-1)?.content ?? new Uint8Array();
      return readDer(value, "the names")
        .children()
        .map(({ tag, content }) => ({ field: sanFields[tag] ?? "OTHERNAME", tag, value: content }));
    }
  }
  return [];
}

function isSignedBy(
  key: KeyObject,
  message: Uint8Array,
  algorithm: DerElement,
  signature: Uint8Array,
): boolean {
  try {
    const scheme = readSignatureScheme(algorithm, "the algorithm");
    return verify(scheme.hash, message, { key, ...paddingOf(scheme) }, signature);
  } catch {
    return false;
  }
}
