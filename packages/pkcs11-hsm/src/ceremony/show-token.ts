import { createHash, createPublicKey } from "node:crypto";
import { keyAlgorithmOf } from "@countersign/issuer-signer";
import { CKA, CKO } from "../module/constants.ts";
import { type FoundKey, findObjects, listKeys } from "../module/find-key.ts";
import { readAttribute } from "../module/public-key.ts";
import type { CeremonySession } from "./with-token.ts";

/** A private key as a person wants to see it. */
export interface ShownKey {
  readonly id: string;
  readonly label: string;
  /** Such as `RSA 3072` or `P-256`; `unknown` where the token does not show the public key. */
  readonly algorithm: string;
  /** SHA-256 of the SubjectPublicKeyInfo, hexadecimal. */
  readonly sha256: string | undefined;
  /** What the token says of the key's protection; undefined where it says nothing. */
  readonly alwaysSensitive: boolean | undefined;
  readonly neverExtractable: boolean | undefined;
  /** Made in the token, not imported. */
  readonly local: boolean | undefined;
  readonly alwaysAuthenticate: boolean;
  readonly hasCertificate: boolean;
}

/** The private keys that the login shows. */
export function showKeys(ceremony: CeremonySession): ShownKey[] {
  const { session, cryptoki } = ceremony;
  return listKeys(cryptoki, session.handle).map((key) => {
    const flag = (type: number): boolean | undefined => {
      const value = readAttribute(cryptoki, session.handle, key.handle, type);
      return value === undefined ? undefined : value[0] === 1;
    };
    return {
      ...describeKey(key),
      alwaysSensitive: flag(CKA.ALWAYS_SENSITIVE),
      neverExtractable: flag(CKA.NEVER_EXTRACTABLE),
      local: flag(CKA.LOCAL),
      alwaysAuthenticate: key.alwaysAuthenticate,
      hasCertificate:
        key.idHex !== "" &&
        findObjects(cryptoki, session.handle, CKO.CERTIFICATE, { idHex: key.idHex }).length > 0,
    };
  });
}

/** Id, label, algorithm and fingerprint of a key. */
export function describeKey({
  idHex,
  label,
  spki,
}: FoundKey): Pick<ShownKey, "id" | "label" | "algorithm" | "sha256"> {
  if (spki === undefined) return { id: idHex, label, algorithm: "unknown", sha256: undefined };
  const algorithm = keyAlgorithmOf(createPublicKey({ key: spki, format: "der", type: "spki" }));
  const words =
    "curve" in algorithm
      ? algorithm.curve
      : "modulusLength" in algorithm
        ? `${algorithm.name} ${algorithm.modulusLength}`
        : algorithm.name;
  return { id: idHex, label, algorithm: words, sha256: createHash("sha256").update(spki).digest("hex") };
}
