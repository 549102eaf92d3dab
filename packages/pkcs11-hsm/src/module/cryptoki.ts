import type { PKCS11 } from "pkcs11js";
import { HsmFault } from "../hsm-fault.ts";

/** The calls of PKCS#11 that are made; a test may put another implementation in their place. */
export type Cryptoki = Pick<
  PKCS11,
  | "C_Initialize"
  | "C_Finalize"
  | "C_GetSlotList"
  | "C_GetTokenInfo"
  | "C_GetMechanismList"
  | "C_GetMechanismInfo"
  | "C_OpenSession"
  | "C_CloseSession"
  | "C_CloseAllSessions"
  | "C_GetSessionInfo"
  | "C_Login"
  | "C_FindObjectsInit"
  | "C_FindObjects"
  | "C_FindObjectsFinal"
  | "C_GetAttributeValue"
  | "C_SignInit"
  | "C_SignAsync"
>;

/** A handle of a slot, a session or an object. */
export type Handle = Buffer;

/** Loads pkcs11js and the module. Throws an {@link HsmFault} of kind `configuration` where either cannot be had. */
export async function loadCryptoki(path: string): Promise<Cryptoki> {
  let library: PKCS11;
  try {
    const { PKCS11 } = await import("pkcs11js");
    library = new PKCS11();
  } catch {
    throw new HsmFault(
      "configuration",
      "the native add-on pkcs11js is not built; install python3, make and a C++ compiler and run: npm rebuild pkcs11js",
    );
  }
  try {
    library.load(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message.split("\n")[0]?.slice(0, 200) : "unknown reason";
    throw new HsmFault(
      "configuration",
      `the PKCS#11 module cannot be loaded (${reason}); check its path and its libraries`,
    );
  }
  return library;
}

/** C_Initialize with OS locking: operations run on several threads, which is not allowed without. */
export function initialize(cryptoki: Cryptoki, libraryParameters: string | undefined): void {
  // pkcs11js drops the last character of libraryParameters; modules skip a trailing space.
  const parameters = libraryParameters === undefined ? {} : { libraryParameters: `${libraryParameters} ` };
  cryptoki.C_Initialize({ flags: 0x02, ...parameters });
}
