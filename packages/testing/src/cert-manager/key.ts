import { generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import type { PrivateKeySpec } from "./certificate.ts";

const generate = promisify(generateKeyPair);

const curves: Readonly<Record<number, string>> = { 256: "prime256v1", 384: "secp384r1", 521: "secp521r1" };
const rsaSizes: readonly number[] = [2048, 3072, 4096];

/** Makes a private key as the spec asks. Throws a RangeError for a size that the stand-in does not make. */
export async function generatePrivateKey(spec: PrivateKeySpec = {}): Promise<KeyObject> {
  const { algorithm = "RSA", size } = spec;
  if (algorithm === "Ed25519") return (await generate("ed25519")).privateKey;
  if (algorithm === "ECDSA") {
    const namedCurve = curves[size ?? 256];
    if (namedCurve === undefined) throw unsupportedSize(algorithm, size, Object.keys(curves));
    return (await generate("ec", { namedCurve })).privateKey;
  }
  const modulusLength = size ?? 2048;
  if (!rsaSizes.includes(modulusLength)) throw unsupportedSize(algorithm, size, rsaSizes);
  return (await generate("rsa", { modulusLength })).privateKey;
}

function unsupportedSize(
  algorithm: string,
  size: number | undefined,
  sizes: readonly (number | string)[],
): RangeError {
  return new RangeError(
    `spec.privateKey.size of ${algorithm} must be one of ${sizes.join(", ")}, got ${size}`,
  );
}

/** The PEM text of a private key, in the encoding that a Certificate asks for. */
export function encodePrivateKey(key: KeyObject, encoding: PrivateKeySpec["encoding"] = "PKCS1"): string {
  if (encoding === "PKCS8" || key.asymmetricKeyType === "ed25519")
    return key.export({ type: "pkcs8", format: "pem" }).toString();
  const type = key.asymmetricKeyType === "ec" ? "sec1" : "pkcs1";
  return key.export({ type, format: "pem" }).toString();
}

/** The field of `spec.privateKey` that an existing key does not satisfy, or undefined when it satisfies all. */
export function privateKeyMismatch(key: KeyObject, spec: PrivateKeySpec = {}): string | undefined {
  const { algorithm = "RSA", size } = spec;
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  const wanted = { RSA: "rsa", ECDSA: "ec", Ed25519: "ed25519" }[algorithm];
  if (type !== wanted) return "spec.privateKey.algorithm";
  if (type === "rsa" && details?.modulusLength !== (size ?? 2048)) return "spec.privateKey.size";
  if (type === "ec" && details?.namedCurve !== curves[size ?? 256]) return "spec.privateKey.size";
  return undefined;
}
