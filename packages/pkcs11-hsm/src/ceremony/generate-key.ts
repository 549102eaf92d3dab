import { IssuerError } from "@countersign/issuer-signer";
import type { ITemplate } from "graphene-pk11";
import { CKK, CKM } from "../module/constants.ts";
import { type FoundKey, listKeys } from "../module/find-key.ts";
import type { CeremonySession } from "./with-token.ts";

/** Kinds of CA key. */
export const keyTypes = Object.freeze([
  "rsa:2048",
  "rsa:3072",
  "rsa:4096",
  "ec:p256",
  "ec:p384",
  "ec:p521",
  "ed25519",
] as const);

/** One of {@link keyTypes}. */
export type HsmKeyType = (typeof keyTypes)[number];

/** The key to make. */
export interface GenerateKeyOptions {
  readonly type: HsmKeyType;
  readonly label: string;
  /** CKA_ID in hexadecimal. */
  readonly id: string;
  /** Each signature needs the PIN again. */
  readonly alwaysAuthenticate?: boolean | undefined;
}

const curves = Object.freeze({
  "ec:p256": "06082a8648ce3d030107",
  "ec:p384": "06052b81040022",
  "ec:p521": "06052b81040023",
  // RFC 8410's OID; PKCS#11 v3.0 §2.3.5 takes it beside the name.
  ed25519: "06032b6570",
});

/**
 * Makes a key pair in the token that can sign and nothing else, is sensitive and cannot be exported. Refuses an id or a
 * label that is there already, as issuers find their keys by them. Throws an {@link IssuerError}.
 */
export async function generateKey(
  { session, cryptoki }: CeremonySession,
  { type, label, id, alwaysAuthenticate = false }: GenerateKeyOptions,
): Promise<FoundKey> {
  for (const selector of [{ label }, { idHex: id }])
    if (listKeys(cryptoki, session.handle, selector).length > 0)
      throw new IssuerError(
        `the token has a key ${selector.label === undefined ? `with id ${id}` : `labelled ${JSON.stringify(label)}`} already; choose another`,
      );
  const { KeyType, registerAttribute } = await import("graphene-pk11");
  registerAttribute("alwaysAuthenticate", 0x202, "boolean");
  const [family, size] = type.split(":");
  const isRsa = family === "rsa";
  const keyType = isRsa ? KeyType.RSA : type === "ed25519" ? CKK.EC_EDWARDS : KeyType.ECDSA;
  const names: ITemplate = { keyType, token: true, id: Buffer.from(id, "hex"), label };
  const publicPart: ITemplate = isRsa
    ? { modulusBits: Number(size), publicExponent: Buffer.from("010001", "hex") }
    : { paramsEC: Buffer.from(curves[type as keyof typeof curves], "hex") };
  const mechanism = isRsa
    ? CKM.RSA_PKCS_KEY_PAIR_GEN
    : type === "ed25519"
      ? CKM.EC_EDWARDS_KEY_PAIR_GEN
      : CKM.EC_KEY_PAIR_GEN;
  const privateTemplate = {
    ...names,
    private: true,
    sensitive: true,
    extractable: false,
    sign: true,
    ...(alwaysAuthenticate ? { alwaysAuthenticate: true } : {}),
  };
  session.generateKeyPair(mechanism, { ...names, ...publicPart, verify: true }, privateTemplate);
  const [key] = listKeys(cryptoki, session.handle, { label, idHex: id });
  if (key === undefined) throw new IssuerError("the token made the key but does not show it");
  return key;
}
