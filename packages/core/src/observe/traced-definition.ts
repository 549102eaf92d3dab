import type { Signer, SignRequest } from "@countersign/issuer-signer";
import type { IssuerDefinition } from "../definition/define-issuer.ts";
import { noTrace, type Trace } from "./tracing.ts";

/** The definition with a span around each call of its signers that may reach the PKI. */
export function tracedDefinition(definition: IssuerDefinition, trace: Trace): IssuerDefinition {
  if (trace === noTrace) return definition;
  return {
    ...definition,
    async connect(context) {
      const { kind, namespace, name } = context.issuer;
      const issuer = namespace === "" ? `${kind}/${name}` : `${kind}/${namespace}/${name}`;
      const attributes = { "countersign.issuer": issuer };
      const signer = await trace("countersign connect", attributes, async () => definition.connect(context));
      return tracedSigner(signer, trace, attributes);
    },
  };
}

function tracedSigner(
  signer: Signer<unknown>,
  trace: Trace,
  attributes: Readonly<Record<string, string>>,
): Signer<unknown> {
  const { find, close } = signer;
  const of = ({ namespace, name, uid }: SignRequest, attempt: string) => ({
    ...attributes,
    "countersign.request": namespace === "" ? name : `${namespace}/${name}`,
    "countersign.request.uid": uid,
    "countersign.attempt": attempt,
  });
  return {
    idempotent: signer.idempotent,
    check: (context) => trace("countersign check", attributes, async () => signer.check(context)),
    sign: (request, context) =>
      trace("countersign sign", of(request, context.attemptId), async () => signer.sign(request, context)),
    ...(find && {
      find: (request, context) =>
        trace("countersign find", of(request, context.attemptId), async () =>
          find.call(signer, request, context),
        ),
    }),
    ...(close && { close: () => close.call(signer) }),
  };
}
