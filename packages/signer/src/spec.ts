/**
 * What a backend says of its issuer, with zod: the schemas of references, and the fragment that `defineIssuer` takes.
 *
 * @module
 */
export { type CaBundleSources, caBundleFields, caBundlePem } from "./spec/ca-bundle-fields.ts";
export { caProfileFields } from "./spec/ca-profile-fields.ts";
export { configMapKeyRef } from "./spec/config-map-key-ref.ts";
export { exactlyOneOf } from "./spec/exactly-one-of.ts";
export { type IssuerFragment, issuerFragment } from "./spec/issuer-fragment.ts";
export type { KeyRefOptions } from "./spec/key-ref.ts";
export { limitsSpec } from "./spec/limits-spec.ts";
export { secretKeyRef } from "./spec/secret-key-ref.ts";
