/**
 * A backend for Microsoft AD CS: the fragment of an issuer that `defineIssuer` of `@countersign/issuer-core` takes, its `spec`, and
 * the authentication alone: NTLMv2, Kerberos and Basic over HTTPS, with channel binding.
 *
 * @module
 */
export { type AdcsIssuerFragment, type AdcsIssuerOptions, adcsIssuer } from "./adcs-issuer.ts";
export {
  AuthenticatedHttp,
  type AuthenticatedHttpOptions,
  type AuthenticatedRequest,
} from "./auth/http/authenticated-http.ts";
export type { Login, LoginRequest } from "./auth/http/login.ts";
export { type AdcsCredential, type LoginOptions, loginFor } from "./auth/http/login-for.ts";
export type { ResolveSrv } from "./auth/kerberos/kdcs.ts";
export type { KerberosCredentialOptions } from "./auth/kerberos/kerberos-credential.ts";
export { type AdcsContext, type ConnectAdcsOptions, connectAdcs } from "./connect-adcs.ts";
export { type AdcsOperation, adcsOperation } from "./operation.ts";
export type { AdcsConfigMapRefs, AdcsSecretRefs } from "./secret-refs.ts";
export { type AdcsSpec, adcsSpec } from "./spec.ts";
