import { quoted, RequestRejected, type SignRequest } from "@countersign/issuer-signer";
import type { EjbcaSpec } from "./spec.ts";

/** What an annotation may put in the place of the issuer's own value. */
export const overridable = Object.freeze([
  "certificateAuthorityName",
  "certificateProfileName",
  "endEntityProfileName",
  "endEntityName",
] as const);

/** One of {@link overridable}. */
export type Overridable = (typeof overridable)[number];

/** The values that a request asks for by annotations, where the issuer allows them. */
export type Overrides = Partial<Readonly<Record<Overridable, string>>>;

/**
 * Reads the annotations `PREFIX/FIELD` of a request. Annotations can still change after a request was approved, so only the
 * issuer's list decides what they may say.
 *
 * @param group the issuer's API group: the prefix where the spec names none
 * @throws RequestRejected for a value that the issuer does not allow: left out, it would be issued otherwise than asked
 */
export function overridesOf(request: SignRequest, { overrides }: EjbcaSpec, group: string): Overrides {
  const prefix = overrides?.annotationPrefix ?? group;
  const found: Partial<Record<Overridable, string>> = {};
  for (const field of overridable) {
    const value = request.annotations[`${prefix}/${field}`];
    if (value === undefined) continue;
    if (overrides?.[field]?.includes(value) !== true)
      throw new RequestRejected(
        `The annotation ${prefix}/${field} asks for ${quoted(value)}, which the issuer does not allow. Remove it, or add the value to overrides.${field} of the issuer.`,
      );
    found[field] = value;
  }
  return found;
}
