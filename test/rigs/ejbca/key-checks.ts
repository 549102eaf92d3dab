import type { KeyObject } from "node:crypto";
import { Refused } from "./answer.ts";
import type { CertificateAuthority } from "./authorities.ts";
import type { CertificateProfile } from "./certificate-profiles.ts";
import { texts } from "./texts.ts";

/** Java's names of algorithms, by Node's. */
const algorithmNames: Readonly<Record<string, string>> = Object.freeze({
  rsa: "RSA",
  "rsa-pss": "RSA",
  ec: "ECDSA",
  dsa: "DSA",
  ed25519: "Ed25519",
  ed448: "Ed448",
});

const curveBits: Readonly<Record<string, number>> = Object.freeze({
  prime256v1: 256,
  secp256k1: 256,
  secp224r1: 224,
  secp384r1: 384,
  secp521r1: 521,
});

/** Checks a key as EJBCA does at issuance. Throws a {@link Refused}. */
export function assertKeyAllowed(
  key: KeyObject,
  profile: CertificateProfile,
  { rsaSizes }: CertificateAuthority,
): void {
  const type = key.asymmetricKeyType ?? "unknown";
  const algorithm = algorithmNames[type] ?? type;
  if (!profile.keyAlgorithms.includes(algorithm))
    throw new Refused(400, texts.keyAlgorithm(algorithm), "key");
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (namedCurve !== undefined && profile.curves.length > 0) {
    if (!profile.curves.includes(namedCurve)) throw new Refused(400, texts.curve(namedCurve), "key");
  } else {
    const bits = modulusLength ?? (namedCurve === undefined ? undefined : curveBits[namedCurve]);
    const isOutside = (size: number) =>
      size < Math.min(...profile.bitLengths) || size > Math.max(...profile.bitLengths);
    if (bits !== undefined && isOutside(bits)) throw new Refused(400, texts.keyLength(bits), "key");
  }
  if (modulusLength !== undefined && rsaSizes !== undefined && !rsaSizes.includes(modulusLength))
    throw new Refused(400, texts.keyValidator("LabRsa4096", rsaSizes), "key");
}
