import { z } from "zod";
import { bearerOf, readBody, type SimulatorAnswer, type SimulatorCall } from "../answer.ts";
import type { JwtTrust } from "../jwt.ts";
import { verifyJwt } from "../jwt.ts";
import { oauthError, type TppUser } from "./grants.ts";
import type { TppState } from "./state.ts";

/** Maps the JWTs of an issuer to a user. */
export interface TppJwtMapping extends JwtTrust {
  /** Whose grant a JWT of this issuer gets. */
  readonly username: string;
}

const invalid = (problem: string) => oauthError(400, "invalid_request", `Invalid request: ${problem}`);
const clientBody = z.looseObject({ client_id: z.string(), scope: z.string().default("") });
const passwordBody = clientBody.extend({ username: z.string(), password: z.string() });
const jwtBody = clientBody.extend({ jwt: z.string() });
const refreshBody = z.looseObject({ client_id: z.string(), refresh_token: z.string() });

/** `POST authorize/oauth`: the resource owner's password. */
export function authorizeOauth(state: TppState, call: SimulatorCall): SimulatorAnswer {
  const { client_id: client, scope, username, password } = readBody(passwordBody, call, invalid);
  const user = state.users.find((candidate) => named(candidate, username));
  if (user === undefined || user.password !== password)
    throw oauthError(400, "invalid_grant", "Username/password combination not valid");
  return { status: 200, json: state.grants.grant("password", user, client, scope) };
}

/** `POST authorize/certificate`: the TLS client certificate, whose common name is the user. */
export function authorizeCertificate(state: TppState, call: SimulatorCall): SimulatorAnswer {
  const { client_id: client, scope } = readBody(clientBody, call, invalid);
  const name = call.clientCertificate?.subject.CN;
  const user = state.users.find((candidate) => typeof name === "string" && named(candidate, name));
  if (user === undefined)
    throw oauthError(401, "invalid_client", "Client certificate is missing or maps to no user");
  return { status: 200, json: state.grants.grant("certificate", user, client, scope) };
}

/** `POST authorize/jwt`: a JWT that a JWT mapping knows. */
export function authorizeJwt(
  state: TppState,
  mappings: readonly TppJwtMapping[],
  call: SimulatorCall,
): SimulatorAnswer {
  const { client_id: client, scope, jwt } = readBody(jwtBody, call, invalid);
  const mapping = mappings.find((candidate) => verifyJwt(jwt, candidate, state.clock()) === undefined);
  const user = state.users.find(({ username }) => username === mapping?.username);
  if (user === undefined) throw oauthError(400, "invalid_grant", "No JWT mapping accepts the JWT");
  return { status: 200, json: state.grants.grant("jwt", user, client, scope) };
}

/** `POST authorize/token` */
export function authorizeToken(state: TppState, call: SimulatorCall): SimulatorAnswer {
  const { client_id: client, refresh_token: token } = readBody(refreshBody, call, invalid);
  return { status: 200, json: state.grants.refresh(token, client) };
}

/** `GET authorize/verify`: the end is the grant's, the access token's is `access_issued_on` and `valid_for`. */
export function authorizeVerify(state: TppState, call: SimulatorCall): SimulatorAnswer {
  const { grant, issuedAt, expiresAt } = state.grants.authenticate(bearerOf(call));
  const iso = (date: Date) => date.toISOString().replace(/\.\d+Z$/, "Z");
  const json = {
    access_issued_on_ISO8601: iso(issuedAt),
    application: grant.client.id,
    expires_ISO8601: iso(grant.until),
    grant_issued_on_ISO8601: iso(grant.issuedAt),
    identity: grant.user.username,
    scope: grant.scope,
    valid_for: Math.floor((expiresAt.getTime() - issuedAt.getTime()) / 1000),
  };
  return { status: 200, json };
}

/** `GET revoke/token` */
export function revokeToken(state: TppState, call: SimulatorCall): SimulatorAnswer {
  state.grants.revoke(bearerOf(call));
  return { status: 200 };
}

function named({ username }: TppUser, given: string): boolean {
  const [own, sought] = [username.toLowerCase(), given.toLowerCase()];
  return own === sought || own.slice(own.indexOf(":") + 1) === sought;
}
