/**
 * A backend for Venafi TPP (CyberArk Certificate Manager, Self-Hosted) and Venafi's SaaS: the fragment of an issuer that
 * `defineIssuer` of `@countersign/issuer-core` takes, and its `spec.venafi`.
 *
 * @module
 */
export { type ConnectVenafiOptions, connectVenafi, type VenafiContext } from "./connect-venafi.ts";
export { customFieldsAnnotation } from "./custom-fields.ts";
export { type VenafiOperation, venafiOperation } from "./operation.ts";
export type { OptionalKey, savedSecrets, VenafiConfigMapRefs, VenafiSecretRefs } from "./secret-refs.ts";
export { type VenafiSpec, venafiSpec } from "./spec.ts";
export { venafiIssuer } from "./venafi-issuer.ts";
