import { randomBytes, randomUUID } from "node:crypto";
import { Refused } from "../answer.ts";
import type { Ledger } from "../ledger.ts";
import { universalOf } from "./identity.ts";
import type { TppLedgerEntry } from "./ledger.ts";
import { includesScope, missingScope, parseScope } from "./scope.ts";

/** A person or service that may log in. */
export interface TppUser {
  /** With the identity provider's prefix: `local:issuer`. */
  readonly username: string;
  readonly password: string;
  /** The e-mail address by which contacts are sought. */
  readonly email?: string | undefined;
}

/** An API integration. */
export interface TppClient {
  readonly id: string;
  /** The most that its grants may hold: `certificate:manage,revoke;configuration:manage`. */
  readonly scope: string;
  /** False: grants have no refresh token. */
  readonly refreshable?: boolean | undefined;
}

/** How long tokens and grants last, in seconds. */
export interface TppLifetimes {
  readonly accessSeconds: number;
  readonly grantSeconds: number;
}

/** Some authority to call, given to a user by a client. */
export interface TppGrant {
  readonly id: string;
  readonly user: TppUser;
  readonly client: TppClient;
  readonly scope: string;
  readonly issuedAt: Date;
  readonly until: Date;
  refreshToken: string | undefined;
  revoked: boolean;
}

interface AccessToken {
  readonly grant: TppGrant;
  readonly issuedAt: Date;
  expiresAt: Date;
}

/** Options of {@link TppGrants}. */
export interface TppGrantsOptions extends TppLifetimes {
  readonly clients: readonly TppClient[];
  readonly ledger: Ledger<TppLedgerEntry>;
  readonly clock: () => Date;
}

const newToken = () => randomBytes(16).toString("base64");
const unix = (date: Date) => Math.floor(date.getTime() / 1000);

/** The grants of VEDauth: access tokens that expire, and refresh tokens that work once. */
export class TppGrants {
  readonly #options: TppGrantsOptions;
  readonly #access = new Map<string, AccessToken>();
  readonly #byRefresh = new Map<string, TppGrant>();
  readonly #grants: TppGrant[] = [];

  constructor(options: TppGrantsOptions) {
    this.#options = options;
  }

  /** A new grant with its tokens: the answer of `authorize/oauth`. */
  grant(how: "password" | "certificate" | "jwt", user: TppUser, clientId: string, scope: string) {
    const { clients, ledger, clock, grantSeconds } = this.#options;
    const client = clients.find(({ id }) => id === clientId);
    if (client === undefined) throw oauthError(400, "invalid_client", `Client ID ${clientId} is unknown`);
    if (scope === "") throw oauthError(400, "invalid_request", "Parameter scope is missing");
    if (!includesScope(parseScope(client.scope), parseScope(scope)))
      throw new Refused({
        status: 403,
        reason: "Failed to issue grant: User is not authorized for the requested scope",
      });
    const issuedAt = clock();
    const until = new Date(issuedAt.getTime() + grantSeconds * 1000);
    const tokens = { refreshToken: undefined, revoked: false };
    const grant: TppGrant = { id: randomUUID(), user, client, scope, issuedAt, until, ...tokens };
    this.#grants.push(grant);
    ledger.append({ kind: "grant", how, identity: user.username, clientId, scope });
    return { ...this.#newTokens(grant), identity: universalOf(user), scope };
  }

  /** New tokens for a refresh token, which is used up: the answer of `authorize/token`. */
  refresh(refreshToken: string, clientId: string) {
    const { ledger, clock } = this.#options;
    const grant = this.#byRefresh.get(refreshToken);
    const isGood = grant?.refreshToken === refreshToken && !grant.revoked && grant.until > clock();
    if (grant === undefined || !isGood || grant.client.id !== clientId) {
      ledger.append({ kind: "refresh-refused", clientId, known: grant !== undefined });
      const why = "Grant has been revoked, has expired, or the refresh token is invalid";
      throw oauthError(400, "invalid_grant", why);
    }
    ledger.append({ kind: "refresh", identity: grant.user.username, clientId });
    return this.#newTokens(grant);
  }

  /** The access token of a call that is good now. Throws the 401 of one that is not. */
  authenticate(token: string | undefined): AccessToken {
    if (token === undefined) throw oauthError(401, "invalid_token", "Bearer token is missing");
    const access = this.#access.get(token);
    if (access === undefined) throw oauthError(401, "session_error", "Invalid token format");
    const { revoked, until } = access.grant;
    const now = this.#options.clock();
    if (revoked || until <= now || access.expiresAt <= now)
      throw oauthError(401, "invalid_token", "The access token expired or was revoked");
    return access;
  }

  /** The grant of a call, which must hold a scope such as `certificate:manage`. */
  authorize(token: string | undefined, scope: string): TppGrant {
    const { grant } = this.authenticate(token);
    const missing = missingScope(parseScope(grant.scope), scope);
    if (missing === undefined) return grant;
    const advice = "Call POST Authorize/OAuth with the correct scope and restriction.";
    const then = "Update the header with the new token and retry.";
    throw oauthError(403, "insufficient_scope", `Grant rejected scope '${missing}'. ${advice} ${then}`);
  }

  revoke(token: string | undefined): void {
    const { grant } = this.authenticate(token);
    grant.revoked = true;
    this.#options.ledger.append({ kind: "grant-revoked", identity: grant.user.username });
  }

  /** Every access token of now is expired from now on; refresh tokens stay good. */
  expireAccessTokens(): void {
    for (const token of this.#access.values()) token.expiresAt = this.#options.clock();
  }

  /** Every grant of now is revoked: refresh tokens too are worth nothing. */
  revokeGrants(): void {
    for (const grant of this.#grants) grant.revoked = true;
  }

  #newTokens(grant: TppGrant) {
    const { accessSeconds, clock } = this.#options;
    const issuedAt = clock();
    const end = Math.min(issuedAt.getTime() + accessSeconds * 1000, grant.until.getTime());
    const [accessToken, expiresAt] = [newToken(), new Date(end)];
    this.#access.set(accessToken, { grant, issuedAt, expiresAt });
    const tokens = {
      access_token: accessToken,
      expires: unix(expiresAt),
      expires_in: unix(expiresAt) - unix(issuedAt),
      token_type: "Bearer",
    };
    if (grant.client.refreshable === false) return tokens;
    grant.refreshToken = newToken();
    this.#byRefresh.set(grant.refreshToken, grant);
    return { ...tokens, refresh_token: grant.refreshToken, refresh_until: unix(grant.until) };
  }
}

/** An error in OAuth's form, its description in the status line too. */
export function oauthError(status: number, error: string, description: string): Refused {
  return new Refused({ status, reason: description, json: { error, error_description: description } });
}
