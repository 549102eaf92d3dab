import { z } from "zod";

/** Names one key of a Secret in the issuer's own namespace, or in the cluster-resource namespace for a cluster issuer. */
export interface SecretKeyRef {
  readonly name: string;
  readonly key: string;
}

/**
 * Schema of a {@link SecretKeyRef} for the `spec` of an issuer. There is no `namespace` field on purpose: an issuer may
 * not name a Secret of somebody else's namespace.
 *
 * @param defaultKey the key that is read where the issuer object names none
 */
export function secretKeyRef(defaultKey?: string) {
  const key = z.string().min(1).max(253);
  return z.object({
    name: z.string().min(1).max(253).describe("Name of the Secret."),
    key: (defaultKey === undefined ? key : key.default(defaultKey)).describe("Key within the Secret's data."),
  });
}
