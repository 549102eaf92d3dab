import type { HttpClient } from "@countersign/issuer-signer";
import type { VenafiAnswer } from "../answer.ts";
import { tppSays } from "./tpp-words.ts";

/** One way to get a grant of VEDauth. */
export interface GrantMethod {
  /** For messages, such as `password login`. */
  readonly label: string;
  readonly path: string;
  /** Client whose TLS identity is the credential, where it is one. */
  readonly http?: HttpClient | undefined;
  /** Made anew for each login, since what is in it may expire. */
  credentials(signal: AbortSignal): Promise<object>;
  /** What to do about a refusal that is not about the client id or the scope. */
  readonly hint: string;
  /** A refused credential may lock an account when it is tried again and again. */
  readonly mayLock?: boolean | undefined;
}

/** A user's name and password. */
export function passwordGrant(username: string, password: string): GrantMethod {
  return {
    label: "password login",
    path: "vedauth/authorize/oauth",
    credentials: async () => ({ username, password }),
    hint: "Check username, with its identity provider's prefix such as local:, and password in the Secret, and whether the account is locked. The same password is not tried again for 15 minutes.",
    mayLock: true,
  };
}

/** A client certificate, which TPP maps to a user. */
export function certificateGrant(http: HttpClient): GrantMethod {
  return {
    label: "client certificate login",
    path: "vedauth/authorize/certificate",
    http,
    credentials: async () => ({}),
    hint: "Check that IIS asks for client certificates at vedauth/authorize/certificate and trusts this one's CA, and that TPP maps it to a user. Where IIS asks for it after the handshake set tpp.maxTLSVersion to 1.2.",
  };
}

/** A JWT, which TPP maps to a user. */
export function jwtGrant(jwt: (signal: AbortSignal) => Promise<string>, hint: string): GrantMethod {
  return {
    label: "JWT login",
    path: "vedauth/authorize/jwt",
    credentials: async (signal) => ({ jwt: await jwt(signal) }),
    hint: `Check the JWT mapping in TPP: issuer, audience and subject. ${hint}`,
  };
}

/** What a refused login means beside the method's own hint. */
export function refusalHint(answer: VenafiAnswer, clientId: string, scope: string): string | undefined {
  if (tppSays(answer, /scope/i))
    return `Allow the scope ${scope} for the API integration ${clientId}, or set tpp.scope to what it allows.`;
  if (tppSays(answer, /client/i) && !tppSays(answer, /certificate/i))
    return `Register the API integration ${clientId} in TPP, give the user access to it, or correct client-id.`;
  return undefined;
}
