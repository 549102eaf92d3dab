import type { KeyObject } from "node:crypto";
import { InvalidCsrError } from "../errors.ts";
import {
  contextTag,
  type DerElement,
  expectTag,
  readDer,
  readOctetAlignedBits,
  readOid,
  readSequence,
  readSmallInteger,
  tags,
} from "./der-reader.ts";
import { readName } from "./distinguished-name.ts";
import {
  type BasicConstraints,
  type Extension,
  findExtension,
  readBasicConstraints,
  readExtendedKeyUsage,
  readExtensions,
  readKeyUsage,
} from "./extensions.ts";
import { noNames, readSubjectAltName, type SubjectNames } from "./general-names.ts";
import { readNameConstraints } from "./name-constraints.ts";
import { oids } from "./oid.ts";
import { decodePem, encodePem, pemLimits } from "./pem.ts";
import { type KeyAlgorithm, readSubjectPublicKey, toPublicKey } from "./public-key.ts";
import { Refusal, translateRefusal } from "./refusal.ts";
import {
  readSignatureScheme,
  type SignatureAlgorithm,
  schemeFitsKey,
  verifySignature,
} from "./signature-algorithm.ts";

/** A PKCS#10 certification request (RFC 2986) whose bytes are strict DER and whose proof of possession holds. */
export interface Csr {
  /** Normalised: one CERTIFICATE REQUEST block of 64 columns. */
  readonly pem: string;
  readonly der: Uint8Array;
  /** The subject as it was encoded. */
  readonly subjectDer: Uint8Array;
  /** The subject for people, in the manner of RFC 4514; empty for an empty subject. */
  readonly subject: string;
  readonly commonName: string | undefined;
  readonly publicKey: KeyObject;
  /** SubjectPublicKeyInfo as it was encoded. */
  readonly spkiDer: Uint8Array;
  readonly keyAlgorithm: KeyAlgorithm;
  readonly signatureAlgorithm: SignatureAlgorithm;
  readonly names: SubjectNames;
  /** Value of the subjectAltName extension as it was encoded; undefined where there is none. */
  readonly sanDer: Uint8Array | undefined;
  readonly sanCritical: boolean;
  /** Requested key usages in cert-manager's words; undefined where the request leaves them open. */
  readonly keyUsage: readonly string[] | undefined;
  /** Requested extended key usages in cert-manager's words (dotted OIDs where it has none), in order. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  readonly basicConstraints: BasicConstraints | undefined;
  /** Value of the nameConstraints extension as it was encoded. */
  readonly nameConstraintsDer: Uint8Array | undefined;
  /** Every requested extension, known or not, in order. */
  readonly extensions: readonly Extension[];
}

const what = "the certification request";
const minModulusLength = 2048;

/**
 * Reads a PKCS#10 request and verifies its proof of possession. Takes PEM (exactly one CERTIFICATE REQUEST or NEW
 * CERTIFICATE REQUEST block, at most 36,500 bytes) or DER. Everything that is not strict DER, not a sound key, not a
 * well-formed name or not signed by its own key is refused with an {@link InvalidCsrError} of one line.
 */
export function parseCsr(input: string | Uint8Array): Csr {
  return translateRefusal(InvalidCsrError, "certificate request refused", "make a new request", () =>
    readRequest(requestBytes(input)),
  );
}

function requestBytes(input: string | Uint8Array): Uint8Array {
  if (typeof input !== "string" && input[0] === tags.sequence) {
    if (input.length > pemLimits.request)
      throw new Refusal(
        `the request has ${input.length} bytes; at most ${pemLimits.request} are read`,
        "make it smaller",
      );
    return input;
  }
  const [block, ...rest] = decodePem(input, { limit: pemLimits.request });
  if (block === undefined) throw new Refusal("there is no PEM block", "send one CERTIFICATE REQUEST block");
  if (rest.length > 0)
    throw new Refusal("there is more than one PEM block", "send one CERTIFICATE REQUEST block");
  if (block.label !== "CERTIFICATE REQUEST" && block.label !== "NEW CERTIFICATE REQUEST")
    throw new Refusal(`the PEM block is a ${block.label}`, "send one CERTIFICATE REQUEST block");
  return block.der;
}

function readRequest(der: Uint8Array): Csr {
  const [info, algorithm, signatureBits, ...rest] = readSequence(readDer(der, what), what);
  if (rest.length > 0) throw new Refusal(`${what} is malformed`);
  const [version, subjectElement, spkiElement, attributes, ...extra] = readSequence(info, what);
  if (extra.length > 0) throw new Refusal(`${what} is malformed`);
  if (readSmallInteger(version, "the version") !== 0)
    throw new Refusal("the version is not 0", "make a PKCS#10 v1 request");
  const subject = readName(subjectElement, "the subject");
  const spki = readSubjectPublicKey(spkiElement, minModulusLength);
  const extensions = readRequestedExtensions(attributes);
  const value = (oid: string): Uint8Array | undefined => findExtension(extensions, oid)?.der;
  const read = <T>(oid: string, reader: (value: Uint8Array) => T): T | undefined => {
    const der = value(oid);
    return der === undefined ? undefined : reader(der);
  };
  const san = findExtension(extensions, oids.subjectAltName);
  const names = read(oids.subjectAltName, (der) => readSubjectAltName(der, "request")) ?? noNames;
  const keyUsage = read(oids.keyUsage, readKeyUsage);
  const extendedKeyUsage = read(oids.extendedKeyUsage, readExtendedKeyUsage);
  const basicConstraints = read(oids.basicConstraints, readBasicConstraints);
  read(oids.nameConstraints, (der) => readNameConstraints(der, "request"));
  const scheme = readSignatureScheme(algorithm, "the signature algorithm");
  const signature = readOctetAlignedBits(signatureBits, "the signature");
  if (!schemeFitsKey(scheme, spki.algorithm))
    throw new Refusal(
      `the signature algorithm ${scheme.name} does not fit a key of type ${spki.algorithm.name}`,
    );
  const publicKey = toPublicKey(spki);
  const signed = info?.der ?? new Uint8Array();
  if (!verifySignature(scheme, { algorithm: spki.algorithm, publicKey }, signed, signature))
    throw new Refusal(
      "its signature does not verify with its own public key",
      "sign it with the key it names",
    );
  return {
    pem: encodePem("CERTIFICATE REQUEST", der),
    der,
    subjectDer: subject.der,
    subject: subject.text,
    commonName: subject.commonName,
    publicKey,
    spkiDer: spki.der,
    keyAlgorithm: spki.algorithm,
    signatureAlgorithm: scheme.name,
    names,
    sanDer: san?.der,
    sanCritical: san?.critical ?? false,
    keyUsage,
    extendedKeyUsage,
    basicConstraints,
    nameConstraintsDer: value(oids.nameConstraints),
    extensions,
  };
}

/**
 * The extensions of the one extensionRequest attribute (RFC 2985 §5.4.2). A second attribute or a second value is refused:
 * Go takes the first value, pkijs all of them. Absent attributes are refused as RFC 2986 makes the field mandatory.
 */
function readRequestedExtensions(attributes: DerElement | undefined): Extension[] {
  let extensions: Extension[] | undefined;
  for (const attribute of expectTag(attributes, contextTag(0, true), "the attributes field").children()) {
    const [type, values, ...rest] = readSequence(attribute, "an attribute");
    const oid = readOid(type, "the type of an attribute");
    const set = expectTag(values, tags.set, `the values of attribute ${oid}`).children();
    if (rest.length > 0) throw new Refusal(`attribute ${oid} is malformed`);
    if (oid !== oids.extensionRequest) continue;
    if (extensions !== undefined || set.length !== 1)
      throw new Refusal(
        "there is not exactly one extension request with one value",
        "request all extensions in one list",
      );
    extensions = readExtensions(set[0], "the requested extensions");
  }
  return extensions ?? [];
}
