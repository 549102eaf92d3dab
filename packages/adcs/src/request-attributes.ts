import type { SignRequest } from "@countersign/issuer-signer";
import { z } from "zod";

/** Attributes that say who or what is certified, or which have a place of their own in the spec. */
const reserved: ReadonlySet<string> = new Set(["san", "certificatetemplate", "requestername"]);

/**
 * Name of a request attribute. `SAN` is none: at a CA with EDITF_ATTRIBUTESUBJECTALTNAME2 it would put any name into the
 * certificate, whatever the CSR says.
 */
export const attributeName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/)
  .refine(
    (name) => !reserved.has(name.toLowerCase()),
    "SAN, CertificateTemplate and RequesterName may not be set so",
  );

/** Value of a request attribute: a line break would begin another attribute, NUL ends the text. */
export const attributeValue = z
  .string()
  .min(1)
  .max(1024)
  .regex(/^[ -~]+$/);

/** Name of a template (the CN of its object, without spaces), or its OID. */
export const templateName = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[A-Za-z0-9À-ɏЀ-ӿ][A-Za-z0-9À-ɏЀ-ӿ_.()-]*$/);

/** A security identifier, such as `S-1-5-21-1-2-3-1105`. */
export const sid = z
  .string()
  .max(184)
  .regex(/^S-1-[0-9]{1,15}(-[0-9]{1,10}){1,15}$/);

/** What goes into the attributes of a request. */
export interface RequestAttributesOptions {
  readonly template: string | undefined;
  readonly attributes: readonly { readonly name: string; readonly value: string }[];
  readonly correlationAttribute: string;
}

/** The lines `Name:Value` of a request's CertAttrib; each has been checked by the schemas of this file. */
export function requestAttributes(
  { uid }: Pick<SignRequest, "uid">,
  { template, attributes, correlationAttribute }: RequestAttributesOptions,
): readonly string[] {
  return [
    ...(template === undefined ? [] : [`CertificateTemplate:${template}`]),
    ...attributes.map(({ name, value }) => `${name}:${value}`),
    // A uid of Kubernetes has no other characters; of anything else nothing is left that could end the line.
    `${correlationAttribute}:${uid.replace(/[^A-Za-z0-9-]/g, "").slice(0, 64)}`,
  ];
}
