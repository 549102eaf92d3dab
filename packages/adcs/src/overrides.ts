import { quoted, RequestRejected, type SignRequest } from "@countersign/issuer-signer";
import type { AdcsSpec } from "./spec.ts";

/**
 * The template of a request: the issuer's, unless an annotation `PREFIX/template` names one that the issuer allows. Annotations
 * can still change after a request was approved, so only the issuer's list decides what they may say.
 *
 * @param group the issuer's API group: the prefix where the spec names none
 * @throws RequestRejected for a template that the issuer does not allow
 */
export function templateOf(
  { annotations }: Pick<SignRequest, "annotations">,
  { template, overrides }: Pick<AdcsSpec, "template" | "overrides">,
  group: string,
): string | undefined {
  const annotation = `${overrides?.annotationPrefix ?? group}/template`;
  const asked = annotations[annotation];
  if (asked === undefined) return template;
  if (overrides?.template?.includes(asked) === true) return asked;
  throw new RequestRejected(
    `The annotation ${annotation} asks for ${quoted(asked)}, which the issuer does not allow. Remove it, or add the value to overrides.template of the issuer.`,
  );
}
