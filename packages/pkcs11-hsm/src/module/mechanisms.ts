import { createHash } from "node:crypto";
import type { SignatureAlgorithm } from "@countersign/issuer-signer";
import { CKG, CKM } from "./constants.ts";

/** The hash names of the algorithms that hash. */
export type HashName = "sha256" | "sha384" | "sha512";

/** One way in which a token can make a signature. */
export interface SigningMechanism {
  /** The CK_MECHANISM in the shape of pkcs11js. */
  readonly mechanism: {
    readonly mechanism: number;
    readonly parameter?: {
      readonly type: number;
      readonly hashAlg: number;
      readonly mgf: number;
      readonly saltLen: number;
    };
  };
  /** What the token is given: the hash of the message, or the message itself. */
  readonly input: "digest" | "message";
  /** The DER that goes before the hash: the DigestInfo of PKCS#1 v1.5 (RFC 8017 §9.2). */
  readonly prefix: Uint8Array;
}

const hashes = Object.freeze({
  sha256: {
    length: 32,
    mechanism: CKM.SHA256,
    mgf: CKG.MGF1_SHA256,
    rsa: CKM.SHA256_RSA_PKCS,
    pss: CKM.SHA256_RSA_PKCS_PSS,
    ecdsa: CKM.ECDSA_SHA256,
    digestInfo: "3031300d060960864801650304020105000420",
  },
  sha384: {
    length: 48,
    mechanism: CKM.SHA384,
    mgf: CKG.MGF1_SHA384,
    rsa: CKM.SHA384_RSA_PKCS,
    pss: CKM.SHA384_RSA_PKCS_PSS,
    ecdsa: CKM.ECDSA_SHA384,
    digestInfo: "3041300d060960864801650304020205000430",
  },
  sha512: {
    length: 64,
    mechanism: CKM.SHA512,
    mgf: CKG.MGF1_SHA512,
    rsa: CKM.SHA512_RSA_PKCS,
    pss: CKM.SHA512_RSA_PKCS_PSS,
    ecdsa: CKM.ECDSA_SHA512,
    digestInfo: "3051300d060960864801650304020305000440",
  },
});

/** The hash that the algorithm signs; undefined for Ed25519, which signs the message itself. */
export function hashOf(algorithm: SignatureAlgorithm): HashName | undefined {
  const [, bits] = /-SHA(256|384|512)$/.exec(algorithm) ?? [];
  return bits === undefined ? undefined : (`sha${bits}` as HashName);
}

/**
 * The mechanisms that make a signature of the algorithm, the portable one first: a hash made here and signed as it is, which
 * nearly every token offers (SoftHSM has no CKM_ECDSA_SHA256). Where policy forbids raw RSA, the token hashes.
 */
export function mechanismsFor(algorithm: SignatureAlgorithm): readonly SigningMechanism[] {
  const name = hashOf(algorithm);
  if (name === undefined) return [plain(CKM.EDDSA, "message")];
  const hash = hashes[name];
  if (algorithm.startsWith("ECDSA")) return [plain(CKM.ECDSA, "digest"), plain(hash.ecdsa, "message")];
  if (!algorithm.startsWith("RSA-PSS"))
    return [
      { ...plain(CKM.RSA_PKCS, "digest"), prefix: Buffer.from(hash.digestInfo, "hex") },
      plain(hash.rsa, "message"),
    ];
  // CK_PARAMS_RSA_PSS of pkcs11js is 5.
  const parameter = { type: 5, hashAlg: hash.mechanism, mgf: hash.mgf, saltLen: hash.length };
  return [
    { ...plain(CKM.RSA_PKCS_PSS, "digest"), mechanism: { mechanism: CKM.RSA_PKCS_PSS, parameter } },
    { ...plain(hash.pss, "message"), mechanism: { mechanism: hash.pss, parameter } },
  ];
}

function plain(mechanism: number, input: SigningMechanism["input"]): SigningMechanism {
  return { mechanism: { mechanism }, input, prefix: new Uint8Array() };
}

/** The hash of a message under the algorithm; the message itself where the algorithm signs that. */
export function hashMessage(algorithm: SignatureAlgorithm, message: Uint8Array): Uint8Array {
  const name = hashOf(algorithm);
  return name === undefined ? message : createHash(name).update(message).digest();
}
