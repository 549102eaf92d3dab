/**
 * Authentication at Microsoft AD CS web enrolment: NTLMv2, Kerberos and Basic over HTTPS, with channel binding.
 *
 * @module
 */
export { channelBinding } from "./auth/channel-binding.ts";
export {
  AuthenticatedHttp,
  type AuthenticatedHttpOptions,
  type AuthenticatedRequest,
} from "./auth/http/authenticated-http.ts";
export { BasicLogin } from "./auth/http/basic-login.ts";
export type { Login, LoginRequest } from "./auth/http/login.ts";
export { NtlmLogin, type NtlmLoginOptions } from "./auth/http/ntlm-login.ts";
export type { NtlmCredential } from "./auth/ntlm/ntlm-key.ts";
