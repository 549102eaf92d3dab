import { IssuerError, quoted } from "@countersign/issuer-signer";
import { type EjbcaAnswer, said } from "./ejbca-answer.ts";

/** How the issuer logs in. */
export type AuthKind = "clientCertificate" | "oauth2";

/** For whom something was refused. */
export interface Access {
  readonly auth: AuthKind;
  readonly certificateAuthorityName: string;
  readonly endEntityProfileName: string;
}

/** Whether a 403 is about the token itself, and whether it says that the token has expired. */
export function tokenRefusal({ status, message }: EjbcaAnswer): "expired" | "refused" | undefined {
  if (status !== 403 || !/OAuth Bearer Token/i.test(message)) return undefined;
  return /expired/i.test(message) ? "expired" : "refused";
}

/** What a 403 means, and what a 401 of a proxy: always the issuer's affair. EJBCA itself never answers 401. */
export function accessError(answer: EjbcaAnswer, access: Access): IssuerError {
  return new IssuerError(`${said(answer)}: ${problemOf(answer, access)}`);
}

function problemOf(answer: EjbcaAnswer, access: Access): string {
  const { message, json, text } = answer;
  const ca = quoted(access.certificateAuthorityName);
  const profile = quoted(access.endEntityProfileName);
  if (json === undefined) {
    return /This service has been disabled/i.test(text)
      ? "the REST protocol is disabled. Switch on REST Certificate Management under System Configuration, Protocol Configuration."
      : "something in front of EJBCA refuses the request. Look at the proxy's or firewall's log.";
  }
  if (/no client certificate or OAuth token/i.test(message))
    return access.auth === "clientCertificate"
      ? "the client certificate did not arrive. Something in front of EJBCA ends TLS, or the port does not ask for certificates: use EJBCA's own port, or pass TLS through."
      : "the token did not arrive. Have the proxy in front of EJBCA pass the Authorization header.";
  const token = tokenRefusal(answer);
  if (token === "expired")
    return "the token counts as expired, although it is new. Compare the clocks of EJBCA and of the OAuth2 server.";
  if (token === "refused")
    return "the token is not accepted. Check the OAuth provider in EJBCA: issuer, audience, key id and public keys.";
  if (/^Authentication failed/i.test(message))
    return "the client certificate is not accepted: it was revoked, or EJBCA does not know it. Store another one.";
  if (/not authorized to resource \/administrator\b/i.test(message))
    return "the issuer's identity is in no role, or its role lacks /administrator/. Make it a member of a role with that rule.";
  if (/not authorized to resource \/ca_functionality\/create_certificate\b/i.test(message))
    return "the issuer's role lacks /ca_functionality/create_certificate/. Add the rule.";
  if (/not authorized to CA\b/i.test(message) || /not authorized to resource \/ca\//i.test(message))
    return `the issuer's role does not include the CA ${ca}. Add the rule /ca/ for it.`;
  if (/not authorized to end entity profile\b/i.test(message))
    return `the issuer's role lacks one of four rules: create_end_entity and edit_end_entity, each under /ra_functionality/ and under /endentityprofilesrules/ for ${profile}. EJBCA names the profile also where the first is missing.`;
  return "the issuer's role does not allow this. Compare its rules with the guide's table.";
}
