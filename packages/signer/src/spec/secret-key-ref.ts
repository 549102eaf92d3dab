import { type KeyRefOptions, keyRef } from "./key-ref.ts";

/**
 * Schema of a `SecretKeyRef` for the `spec` of an issuer: `name`, and `key`, which is optional where it has a default.
 *
 * ```ts
 * spec: z.object({ tokenSecretRef: secretKeyRef({ defaultKey: "token" }) })
 * ```
 */
export function secretKeyRef(options: KeyRefOptions = {}) {
  return keyRef("Secret", options);
}
