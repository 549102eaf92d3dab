import { z } from "zod";
import { IssuerError } from "../errors.ts";
import { configMapKeyRef } from "./config-map-key-ref.ts";
import { secretKeyRef } from "./secret-key-ref.ts";

/** Fields of a `spec` that say which CAs a server's certificate must come from; at most one may be set. */
export const caBundleFields = {
  caBundle: z
    .base64()
    .max(450_000)
    .optional()
    .describe("PEM certificates, base64, to verify the servers with instead of the system's."),
  caBundleSecretRef: secretKeyRef({ defaultKey: "ca.crt" }).optional(),
  caBundleConfigMapRef: configMapKeyRef({ defaultKey: "ca.crt" }).optional(),
};

/** Where {@link caBundlePem} looks. */
export interface CaBundleSources {
  /** The field `caBundle`. */
  readonly inline: string | undefined;
  /** The values behind the two references. */
  readonly secret: string | undefined;
  readonly configMap: string | undefined;
  /** Path of the object that has the fields, with its dot, for messages: `oauth2.`; none for the spec itself. */
  readonly within?: string | undefined;
}

/**
 * PEM of the CAs that {@link caBundleFields} name; undefined for those of the system.
 *
 * @throws IssuerError where more than one is set
 */
export function caBundlePem({ inline, secret, configMap, within = "" }: CaBundleSources): string | undefined {
  const decoded = inline === undefined ? undefined : Buffer.from(inline, "base64").toString("latin1");
  const given = [decoded, secret, configMap].filter((pem) => pem !== undefined);
  if (given.length > 1)
    throw new IssuerError(
      `Only one of ${within}caBundle, ${within}caBundleSecretRef and ${within}caBundleConfigMapRef may be set. Remove the others.`,
    );
  return given[0];
}
