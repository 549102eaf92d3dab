import { createPublicKey, type JsonWebKey } from "node:crypto";
import { CKA, CKK } from "./constants.ts";
import type { Cryptoki, Handle } from "./cryptoki.ts";
import { returnValue } from "./return-value.ts";

/** OIDs of the curves as they stand in CKA_EC_PARAMS; Edwards curves also come as a PrintableString. */
const curves: Readonly<Record<string, { readonly crv: string; readonly coordinate: number }>> = Object.freeze(
  {
    "06082a8648ce3d030107": { crv: "P-256", coordinate: 32 },
    "06052b81040022": { crv: "P-384", coordinate: 48 },
    "06052b81040023": { crv: "P-521", coordinate: 66 },
  },
);
const ed25519: readonly string[] = ["06032b6570", "130c656477617264733235353139"];

/** Reads one attribute; undefined where the object has none or does not show it. */
export function readAttribute(
  cryptoki: Cryptoki,
  session: Handle,
  object: Handle,
  type: number,
): Buffer | undefined {
  try {
    const value = cryptoki.C_GetAttributeValue(session, object, [{ type }])[0]?.value;
    return value === undefined || value.length === 0 ? undefined : value;
  } catch (error) {
    const value = returnValue(error);
    // CKR_ATTRIBUTE_SENSITIVE and CKR_ATTRIBUTE_TYPE_INVALID; some modules answer FUNCTION_FAILED for what they do not know.
    if (value === 0x11 || value === 0x12 || value === 0x06) return undefined;
    throw error;
  }
}

/** A CK_ULONG attribute. */
export function readNumber(
  cryptoki: Cryptoki,
  session: Handle,
  object: Handle,
  type: number,
): number | undefined {
  const value = readAttribute(cryptoki, session, object, type);
  return value === undefined ? undefined : Number(value.readUIntLE(0, Math.min(value.length, 6)));
}

/**
 * The SubjectPublicKeyInfo of a key object, public or private; undefined where the object does not show enough, as
 * private EC keys often do not.
 */
export function readSpki(cryptoki: Cryptoki, session: Handle, object: Handle): Buffer | undefined {
  const read = (type: number) => readAttribute(cryptoki, session, object, type);
  const type = readNumber(cryptoki, session, object, CKA.KEY_TYPE);
  if (type === CKK.RSA) {
    const [n, e] = [read(CKA.MODULUS), read(CKA.PUBLIC_EXPONENT)];
    return n === undefined || e === undefined ? undefined : spki({ kty: "RSA", n: base64(n), e: base64(e) });
  }
  const parameters = read(CKA.EC_PARAMS)?.toString("hex") ?? "";
  const encoded = read(CKA.EC_POINT);
  if (encoded === undefined) return undefined;
  if (ed25519.includes(parameters) || (type === CKK.EC_EDWARDS && parameters === "")) {
    const point = unwrapPoint(encoded, 32);
    return point && spki({ kty: "OKP", crv: "Ed25519", x: base64(point) });
  }
  const curve = curves[parameters];
  const point = curve && unwrapPoint(encoded, 1 + 2 * curve.coordinate);
  // Only uncompressed points reach node:crypto: it aborts the process on the point at infinity.
  if (curve === undefined || point?.[0] !== 4) return undefined;
  const { crv, coordinate } = curve;
  const [x, y] = [point.subarray(1, 1 + coordinate), point.subarray(1 + coordinate)];
  return spki({ kty: "EC", crv, x: base64(x), y: base64(y) });
}

/** CKA_EC_POINT is an OCTET STRING by the standard, a BIT STRING or the bare point with some vendors. */
function unwrapPoint(encoded: Buffer, length: number): Buffer | undefined {
  const headers = ["", ...["04", "03"].flatMap((tag) => header(tag, length))];
  const head = encoded.subarray(0, encoded.length - length).toString("hex");
  return encoded.length >= length && headers.includes(head)
    ? encoded.subarray(encoded.length - length)
    : undefined;
}

function header(tag: string, length: number): string[] {
  const content = tag === "03" ? length + 1 : length;
  const size = content < 0x80 ? content.toString(16).padStart(2, "0") : `81${content.toString(16)}`;
  return [`${tag}${size}${tag === "03" ? "00" : ""}`];
}

function spki(key: JsonWebKey): Buffer | undefined {
  try {
    return createPublicKey({ key, format: "jwk" }).export({ type: "spki", format: "der" });
  } catch {
    return undefined;
  }
}

function base64(bytes: Buffer): string {
  return bytes.toString("base64url");
}
