/**
 * Authentication at Microsoft AD CS web enrolment: NTLMv2, Kerberos and Basic over HTTPS, with channel binding.
 *
 * @module
 */
export { channelBinding } from "./auth/channel-binding.ts";
