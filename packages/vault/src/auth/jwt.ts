import { says } from "../vault-answer.ts";
import type { AuthMethod } from "./auth-method.ts";
import type { LoginJwt } from "./login-jwt.ts";
import { authMount } from "./mount-path.ts";

/** What {@link jwtAuth} needs. */
export interface JwtOptions {
  readonly mount: string;
  /** The mount's default role unless given. */
  readonly role: string | undefined;
  readonly jwt: LoginJwt;
}

/** JWT/OIDC: Vault verifies the token's signature itself and asks nobody. */
export function jwtAuth({ mount, role, jwt }: JwtOptions): AuthMethod {
  const at = authMount(mount);
  return {
    label: `JWT login at ${at}`,
    path: `${at}/login`,
    credentials: async (signal) => ({ ...(role === undefined ? {} : { role }), jwt: await jwt.get(signal) }),
    hint(answer) {
      if (says(answer, /role .*could not be found|missing role/i))
        return `The role${role === undefined ? "" : ` ${role}`} does not exist. Correct it in the issuer's spec.`;
      if (says(answer, /audience/i))
        return `The role accepts none of the token's audiences. ${jwt.audienceHint}`;
      if (says(answer, /expired|not valid yet|not before/i))
        return `The JWT has expired or is not valid yet. ${jwt.renewalHint}`;
      if (says(answer, /subject/i))
        return "The role does not accept the token's subject. Correct its bound_subject or bound_claims.";
      return "Check the role's bound claims, and that Vault knows the keys of whoever issues the JWT.";
    },
  };
}
