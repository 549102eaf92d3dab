import { IssuerError } from "@countersign/issuer-signer";
import type { Session } from "graphene-pk11";
import { CKF } from "../module/constants.ts";
import type { Cryptoki } from "../module/cryptoki.ts";
import { type FoundToken, findToken } from "../module/find-token.ts";
import { tokenFault } from "../module/token-fault.ts";
import type { TokenSelector } from "../protocol.ts";

/** A token to work on by hand. */
export interface CeremonyToken {
  readonly modulePath: string;
  readonly moduleParameters?: string | undefined;
  readonly token: TokenSelector;
  readonly pin: string;
}

/** A session that is logged in and may write, and the same module without graphene around it. */
export interface CeremonySession {
  readonly session: Session;
  readonly cryptoki: Cryptoki;
  readonly token: FoundToken;
}

/**
 * Loads the module into this process, logs in once, runs `work` and takes everything down again. For ceremonies: short-lived
 * programs that a person looks at. Issuers have their modules in processes of their own. Throws an {@link IssuerError}.
 */
export async function withToken<T>(
  options: CeremonyToken,
  work: (session: CeremonySession) => T | Promise<T>,
): Promise<T> {
  const { Module, SessionFlag } = await import("graphene-pk11").catch(() => {
    throw new IssuerError(
      "the native add-on pkcs11js is not built; install python3, make and a C++ compiler and run: npm rebuild pkcs11js",
    );
  });
  try {
    const module = Module.load(options.modulePath, options.modulePath);
    const { moduleParameters } = options;
    // pkcs11js drops the last character of libraryParameters.
    module.initialize({
      flags: CKF.OS_LOCKING_OK,
      ...(moduleParameters === undefined ? {} : { libraryParameters: `${moduleParameters} ` }),
    });
    try {
      const cryptoki: Cryptoki = module.lib;
      const token = findToken(cryptoki, options.token);
      if ((token.flags & (CKF.USER_PIN_FINAL_TRY | CKF.USER_PIN_LOCKED)) !== 0)
        throw new IssuerError("the token's PIN is locked, or one more wrong PIN locks it; unlock it first");
      const slots = module.getSlots(true);
      const index = Array.from({ length: slots.length }, (_, i) => i).find((i) =>
        slots.items(i).handle.equals(token.slot),
      );
      if (index === undefined) throw new IssuerError("the token went away");
      const session = slots.items(index).open(SessionFlag.SERIAL_SESSION | SessionFlag.RW_SESSION);
      session.login(options.pin);
      return await work({ session, cryptoki, token });
    } finally {
      module.finalize();
    }
  } catch (error) {
    if (error instanceof IssuerError) throw error;
    throw new IssuerError(tokenFault(error, false).message, { cause: error });
  }
}
