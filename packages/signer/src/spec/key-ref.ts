import { z } from "zod";

/** Options of `secretKeyRef` and `configMapKeyRef`. */
export interface KeyRefOptions {
  /** The key that is read where the issuer object names none; the CRD shows it. Required there unless given. */
  readonly defaultKey?: string | undefined;
}

/**
 * Schema of a reference to one key of an object beside the issuer. There is no `namespace` field on purpose: an issuer
 * may not name an object of somebody else's namespace.
 */
export function keyRef(kind: "Secret" | "ConfigMap", { defaultKey }: KeyRefOptions) {
  const key = z.string().min(1).max(253);
  return z.object({
    name: z.string().min(1).max(253).describe(`Name of the ${kind}.`),
    key: (defaultKey === undefined ? key : key.default(defaultKey)).describe(
      `Key within the ${kind}'s data.`,
    ),
  });
}
