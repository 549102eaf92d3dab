import { newPrivateKey } from "./ca-certificate.ts";
import { softwareCaSigner, spkiOf } from "./ca-signer.ts";
import { contextTag, tags } from "./der-reader.ts";
import { der, derBitString, derSequence, derSmallInteger } from "./der-writer.ts";
import { encodeName } from "./encode-name.ts";
import { encodeSignatureAlgorithm } from "./signature-algorithm.ts";

/** The parts of a certificate, each replaceable by what a broken PKI would put there. */
export interface CertificateFixtureParts {
  /** The explicit version field; an empty array leaves it out. */
  readonly version?: Uint8Array;
  readonly serial?: Uint8Array;
  readonly innerAlgorithm?: Uint8Array;
  readonly subject?: Uint8Array;
  readonly notBefore?: Uint8Array;
  readonly notAfter?: Uint8Array;
  readonly spki?: Uint8Array;
  readonly extensions?: readonly Uint8Array[];
  /** What follows the key, instead of the extensions. */
  readonly optional?: readonly Uint8Array[];
}

/** The key of every certificate written here. */
export const fixtureKey = newPrivateKey({ name: "EC", curve: "P-256" });

/** For tests: writes a self-issued certificate from parts and signs it. */
export function writeCertificate(parts: CertificateFixtureParts): Uint8Array {
  const signer = softwareCaSigner(fixtureKey);
  const algorithm = encodeSignatureAlgorithm(signer.algorithm);
  const name = encodeName([{ type: "CN", value: "x" }]);
  const time = (text: string): Uint8Array => der(tags.utcTime, Buffer.from(text));
  const tbs = derSequence(
    parts.version ?? der(contextTag(0, true), derSmallInteger(2)),
    parts.serial ?? derSmallInteger(1),
    parts.innerAlgorithm ?? algorithm,
    name,
    derSequence(parts.notBefore ?? time("200101000000Z"), parts.notAfter ?? time("491231235959Z")),
    parts.subject ?? name,
    parts.spki ?? spkiOf(fixtureKey),
    ...(parts.optional ?? [der(contextTag(3, true), derSequence(...(parts.extensions ?? [])))]),
  );
  return derSequence(tbs, algorithm, derBitString(signer.sign(tbs) as Uint8Array));
}
