import type { Signer } from "@countersign/issuer-signer";
import type { IssuerDefinition } from "../definition/define-issuer.ts";
import type { Leadership } from "./leadership.ts";

type Fence = Pick<Leadership, "assertHeld">;

/**
 * The definition with every call of the author's code that may reach the PKI preceded by a look at the lease, in the same
 * turn: between the two nothing else of this process runs.
 */
export function fencedDefinition(definition: IssuerDefinition, fence: Fence): IssuerDefinition {
  return {
    ...definition,
    async connect(context) {
      fence.assertHeld();
      return fencedSigner(await definition.connect(context), fence);
    },
  };
}

/** The same signer; `close` is not fenced, since it must run in any case. */
function fencedSigner(signer: Signer<unknown>, fence: Fence): Signer<unknown> {
  const { find, close } = signer;
  return {
    idempotent: signer.idempotent,
    async check(context) {
      fence.assertHeld();
      return signer.check(context);
    },
    async sign(request, context) {
      fence.assertHeld();
      return signer.sign(request, context);
    },
    ...(find && {
      async find(request, context) {
        fence.assertHeld();
        return find.call(signer, request, context);
      },
    }),
    ...(close && { close: () => close.call(signer) }),
  };
}
