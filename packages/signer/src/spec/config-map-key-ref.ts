import { type KeyRefOptions, keyRef } from "./key-ref.ts";

/**
 * Schema of a `ConfigMapKeyRef` for the `spec` of an issuer: `name`, and `key`, which is optional where it has a default.
 *
 * ```ts
 * spec: z.object({ caConfigMapRef: configMapKeyRef({ defaultKey: "ca.crt" }).optional() })
 * ```
 */
export function configMapKeyRef(options: KeyRefOptions = {}) {
  return keyRef("ConfigMap", options);
}
