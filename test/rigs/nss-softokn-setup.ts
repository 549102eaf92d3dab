import { createRequire } from "node:module";
import { join } from "node:path";
import type { PKCS11 } from "pkcs11js";
import type { NssSoftokn, nssKeys } from "./nss-softokn.ts";

// Started by createNssSoftokn: sets the PIN of a new database and makes the keys.
const require = createRequire(join(import.meta.dirname, "../../packages/pkcs11-hsm/package.json"));
const pkcs11js = require("pkcs11js") as { readonly PKCS11: new () => PKCS11 } & Readonly<
  Record<`CK${"A" | "F" | "K" | "M" | "O" | "U"}_${string}`, number>
>;

const { modulePath, moduleParameters, tokenLabel, pin, keys } = JSON.parse(
  process.argv[2] ?? "{}",
) as NssSoftokn & { readonly keys: typeof nssKeys };
const module = new pkcs11js.PKCS11();
module.load(modulePath);
// pkcs11js drops the last character.
module.C_Initialize({ flags: 2, libraryParameters: `${moduleParameters} ` });
const slot = module
  .C_GetSlotList(true)
  .find((candidate) => module.C_GetTokenInfo(candidate).label.trim() === tokenLabel);
if (slot === undefined) throw new Error(`no token is called ${tokenLabel}`);
const session = module.C_OpenSession(slot, 6);
module.C_Login(session, 0, "");
module.C_InitPIN(session, pin);
module.C_Logout(session);
module.C_Login(session, 1, pin);
const number = (name: `CK${"A" | "M"}_${string}`) => ({ type: pkcs11js[name] ?? 0 });
for (const key of keys) {
  const names = [
    { ...number("CKA_TOKEN"), value: true },
    { ...number("CKA_ID"), value: Buffer.from(key.id, "hex") },
    { ...number("CKA_LABEL"), value: key.label },
  ];
  const what =
    key.kind === "RSA"
      ? [
          { ...number("CKA_MODULUS_BITS"), value: key.bits },
          { ...number("CKA_PUBLIC_EXPONENT"), value: Buffer.from("010001", "hex") },
        ]
      : [{ ...number("CKA_EC_PARAMS"), value: Buffer.from(key.curve, "hex") }];
  module.C_GenerateKeyPair(
    session,
    { mechanism: number(key.kind === "RSA" ? "CKM_RSA_PKCS_KEY_PAIR_GEN" : "CKM_EC_KEY_PAIR_GEN").type },
    [...names, ...what, { ...number("CKA_VERIFY"), value: true }],
    [...names, { ...number("CKA_PRIVATE"), value: true }, { ...number("CKA_SIGN"), value: true }],
  );
}
module.C_Finalize();
