import { constants, type KeyObject, verify } from "node:crypto";
import {
  contextTag,
  type DerElement,
  expectTag,
  readDer,
  readOid,
  readSequence,
  readSmallInteger,
  tags,
} from "./der-reader.ts";
import { der, derNull, derOid, derSequence, derSmallInteger } from "./der-writer.ts";
import { oids } from "./oid.ts";
import type { KeyAlgorithm } from "./public-key.ts";
import { Refusal } from "./refusal.ts";

/** Signature algorithms that the toolkit accepts and makes. */
export type SignatureAlgorithm =
  | "RSA-SHA256"
  | "RSA-SHA384"
  | "RSA-SHA512"
  | "RSA-PSS-SHA256"
  | "RSA-PSS-SHA384"
  | "RSA-PSS-SHA512"
  | "ECDSA-SHA256"
  | "ECDSA-SHA384"
  | "ECDSA-SHA512"
  | "Ed25519";

type HashName = "sha256" | "sha384" | "sha512";
type Family = "RSA" | "RSA-PSS" | "EC" | "Ed25519";

/** How one algorithm signs; `hash` is undefined for Ed25519, which signs the message itself (RFC 8032 pure). */
export interface SignatureScheme {
  readonly name: SignatureAlgorithm;
  readonly family: Family;
  readonly hash: HashName | undefined;
  /** Octets of PSS salt; undefined for other families. */
  readonly saltLength: number | undefined;
}

/** What verifying needs of a scheme; SHA-1 for the one place where it counts. */
export interface VerifiableScheme extends Pick<SignatureScheme, "family" | "saltLength"> {
  readonly hash: HashName | "sha1" | undefined;
}

const hashes: Readonly<Record<string, { readonly hash: HashName; readonly length: number }>> = Object.freeze({
  [oids.sha256]: { hash: "sha256", length: 32 },
  [oids.sha384]: { hash: "sha384", length: 48 },
  [oids.sha512]: { hash: "sha512", length: 64 },
});

const plainSchemes: Readonly<Record<string, SignatureScheme>> = Object.freeze({
  [oids.sha256WithRsa]: scheme("RSA-SHA256", "RSA", "sha256"),
  [oids.sha384WithRsa]: scheme("RSA-SHA384", "RSA", "sha384"),
  [oids.sha512WithRsa]: scheme("RSA-SHA512", "RSA", "sha512"),
  [oids.ecdsaWithSha256]: scheme("ECDSA-SHA256", "EC", "sha256"),
  [oids.ecdsaWithSha384]: scheme("ECDSA-SHA384", "EC", "sha384"),
  [oids.ecdsaWithSha512]: scheme("ECDSA-SHA512", "EC", "sha512"),
  [oids.ed25519]: scheme("Ed25519", "Ed25519", undefined),
});

function scheme(name: SignatureAlgorithm, family: Family, hash: HashName | undefined): SignatureScheme {
  return { name, family, hash, saltLength: undefined };
}

/**
 * Reads a signature AlgorithmIdentifier. Throws a {@link Refusal} for weak (MD5, SHA-1) and unknown algorithms and for
 * parameters that do not belong. RSA may lack its NULL: RFC 4055 §5 requires it of writers, not of readers, and pkijs
 * leaves it out.
 */
export function readSignatureScheme(element: DerElement | undefined, what: string): SignatureScheme {
  const [oidElement, parameters, ...rest] = readSequence(element, what);
  const oid = readOid(oidElement, what);
  if (rest.length > 0) throw new Refusal(`${what} is malformed`);
  if (oid === oids.rsaPss) return readPssScheme(parameters, what);
  const plain = plainSchemes[oid];
  if (plain === undefined)
    throw new Refusal(
      `${what} ${oid} is weak or unsupported`,
      "sign with SHA-256, SHA-384, SHA-512 or Ed25519",
    );
  const allowed = parameters === undefined || (plain.family === "RSA" && parameters.tag === tags.null);
  if (!allowed) throw new Refusal(`${what} has parameters that do not belong to it`);
  return plain;
}

/** RFC 4055 §3.1. SHA-1, the default where the hash is left out, is refused; any salt length is taken, as OpenSSL writes it. */
function readPssScheme(parameters: DerElement | undefined, what: string): SignatureScheme {
  const fields = readSequence(parameters, `${what}'s RSA-PSS parameters`);
  const malformed = () => new Refusal(`${what} has malformed RSA-PSS parameters`);
  const field = (number: number): DerElement | undefined => {
    if (fields[0]?.tag !== contextTag(number, true)) return undefined;
    const inner = fields.shift()?.children() ?? [];
    if (inner.length !== 1) throw malformed();
    return inner[0];
  };
  const [hashField, maskField, saltField, trailerField] = [field(0), field(1), field(2), field(3)];
  if (fields.length > 0 || (trailerField !== undefined && readSmallInteger(trailerField, what) !== 1))
    throw malformed();
  const hash = readPssHash(hashField, what);
  const [maskOid, maskHash, ...rest] = maskField === undefined ? [] : readSequence(maskField, what);
  if (rest.length > 0 || maskOid === undefined || readOid(maskOid, what) !== oids.mgf1) throw malformed();
  if (readPssHash(maskHash, what).hash !== hash.hash)
    throw new Refusal(`${what} mixes two hashes in RSA-PSS`, "use one hash for the message and MGF1");
  const saltLength = saltField === undefined ? 20 : readSmallInteger(saltField, what);
  const name: SignatureAlgorithm = `RSA-PSS-${hash.hash.toUpperCase() as Uppercase<HashName>}`;
  return { name, family: "RSA-PSS", hash: hash.hash, saltLength };
}

function readPssHash(element: DerElement | undefined, what: string): { hash: HashName; length: number } {
  const [oidElement, parameters, ...rest] = element === undefined ? [] : readSequence(element, what);
  const hash = oidElement === undefined ? undefined : hashes[readOid(oidElement, what)];
  if (hash === undefined || rest.length > 0 || (parameters !== undefined && parameters.tag !== tags.null))
    throw new Refusal(
      `${what} uses RSA-PSS with a weak or unsupported hash`,
      "use SHA-256, SHA-384 or SHA-512",
    );
  return hash;
}

/** Whether a key of the algorithm can make signatures of the scheme. A key under rsaEncryption can make both kinds of RSA. */
export function schemeFitsKey(scheme: Pick<SignatureScheme, "family">, key: KeyAlgorithm): boolean {
  return scheme.family === key.name || (scheme.family === "RSA-PSS" && key.name === "RSA");
}

/** Whether `signature` is the key's signature over `message`. An algorithm of another family than the key's is false. */
export function verifySignature(
  scheme: VerifiableScheme,
  key: { readonly algorithm: KeyAlgorithm; readonly publicKey: KeyObject },
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (!schemeFitsKey(scheme, key.algorithm)) return false;
  if (scheme.family === "EC" && !isStrictEcdsaSignature(signature)) return false;
  try {
    return verify(scheme.hash, message, { key: key.publicKey, ...paddingOf(scheme) }, signature);
  } catch {
    // OpenSSL throws where the parameters of an RSA-PSS key forbid the signature's hash or salt.
    return false;
  }
}

/** node:crypto's options for the scheme, for signing and verifying. */
export function paddingOf(scheme: Pick<SignatureScheme, "saltLength">): {
  padding?: number;
  saltLength?: number;
} {
  if (scheme.saltLength === undefined) return {};
  return { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: scheme.saltLength };
}

/** SEQUENCE of two positive INTEGERs in strict DER (RFC 3279 §2.2.3): no second encoding of one signature passes. */
function isStrictEcdsaSignature(signature: Uint8Array): boolean {
  try {
    const [r, s, ...rest] = readSequence(readDer(signature, "the signature"), "the signature");
    const positive = [r, s].every((part) => {
      const { content } = expectTag(part, tags.integer, "the signature");
      return ((content[0] ?? 0) & 0x80) === 0 && content.some((octet) => octet !== 0);
    });
    return positive && rest.length === 0;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

/** The AlgorithmIdentifier of an algorithm, written by hand: RSA with NULL, ECDSA and Ed25519 without parameters. */
export function encodeSignatureAlgorithm(algorithm: SignatureAlgorithm): Uint8Array {
  const pssHash = /^RSA-PSS-(SHA\d+)$/.exec(algorithm)?.[1]?.toLowerCase();
  for (const [oid, { hash, length }] of Object.entries(hashes)) {
    if (hash !== pssHash) continue;
    const hashIdentifier = derSequence(derOid(oid), derNull);
    return derSequence(
      derOid(oids.rsaPss),
      derSequence(
        der(contextTag(0, true), hashIdentifier),
        der(contextTag(1, true), derSequence(derOid(oids.mgf1), hashIdentifier)),
        der(contextTag(2, true), derSmallInteger(length)),
      ),
    );
  }
  for (const [oid, { name, family }] of Object.entries(plainSchemes))
    if (name === algorithm) return derSequence(derOid(oid), ...(family === "RSA" ? [derNull] : []));
  throw new TypeError(`signature algorithm: expected one of the supported names, got ${String(algorithm)}`);
}

/** The scheme of an algorithm by its name, with the salt as long as the hash for RSA-PSS. */
export function schemeOf(algorithm: SignatureAlgorithm): SignatureScheme {
  return readSignatureScheme(readDer(encodeSignatureAlgorithm(algorithm), "the algorithm"), "the algorithm");
}
