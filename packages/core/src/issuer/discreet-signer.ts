import type { Issued, Signer, SignerCondition, SignOutcome } from "@countersign/issuer-signer";
import type { KnownSecrets } from "../observe/known-secrets.ts";

/** The same signer, with the values of its Secrets removed from every error and every text that people will see. */
export function discreetSigner(signer: Signer<unknown>, secrets: KnownSecrets): Signer<unknown> {
  async function discreetly<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw secrets.error(error);
    }
  }
  function outcome<T extends SignOutcome<unknown> | Issued>(result: T): T {
    const conditions = result.conditions?.map(
      (condition): SignerCondition => ({ ...condition, message: secrets.text(condition.message) }),
    );
    return {
      ...result,
      ...(conditions && { conditions }),
      ...("message" in result && result.message !== undefined && { message: secrets.text(result.message) }),
    };
  }
  const { find, close } = signer;
  return {
    idempotent: signer.idempotent,
    check: (context) => discreetly(() => signer.check(context)),
    sign: (request, context) => discreetly(async () => outcome(await signer.sign(request, context))),
    ...(find && {
      find: (request, context) =>
        discreetly(async () => {
          const found = await find.call(signer, request, context);
          if (found?.status === "cannot-tell") return { ...found, reason: secrets.text(found.reason) };
          return found && outcome(found);
        }),
    }),
    ...(close && { close: () => discreetly(() => close.call(signer)) }),
  };
}
