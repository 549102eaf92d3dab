/**
 * Authentication at Microsoft AD CS web enrolment: NTLMv2, Kerberos and Basic over HTTPS, with channel binding.
 *
 * @module
 */
export {
  AuthenticatedHttp,
  type AuthenticatedHttpOptions,
  type AuthenticatedRequest,
} from "./auth/http/authenticated-http.ts";
export type { Login, LoginRequest } from "./auth/http/login.ts";
export { type AdcsCredential, type LoginOptions, loginFor } from "./auth/http/login-for.ts";
export type { ResolveSrv } from "./auth/kerberos/kdcs.ts";
export type { KerberosCredentialOptions } from "./auth/kerberos/kerberos-credential.ts";
