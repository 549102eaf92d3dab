import { constants, type KeyObject, verify } from "node:crypto";
import type { SignatureAlgorithm } from "@countersign/issuer-signer";
import { hashOf } from "./module/mechanisms.ts";

/** Whether a token's signature, ECDSA as r‖s, is the key's over `message`. */
export function verifyTokenSignature(
  algorithm: SignatureAlgorithm,
  key: KeyObject,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const pss = algorithm.startsWith("RSA-PSS")
    ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : {};
  try {
    return verify(hashOf(algorithm), message, { key, dsaEncoding: "ieee-p1363", ...pss }, signature);
  } catch {
    // OpenSSL throws for some signatures of a wrong length.
    return false;
  }
}
