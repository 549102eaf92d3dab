/**
 * A backend for EJBCA: the fragment of an issuer that `defineIssuer` of `@countersign/issuer-core` takes, and its `spec`.
 *
 * @module
 */
export { type ConnectEjbcaOptions, connectEjbca, type EjbcaContext } from "./connect-ejbca.ts";
export { ejbcaIssuer } from "./ejbca-issuer.ts";
export type { EjbcaConfigMapRefs, EjbcaSecretRefs } from "./secret-refs.ts";
export { type EjbcaSpec, ejbcaSpec } from "./spec.ts";
