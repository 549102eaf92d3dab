import {
  Endpoints,
  IssuerError,
  type Signer,
  TokenCache,
  type TokenSource,
} from "@countersign/issuer-signer";
import type { VenafiParts } from "../connect-venafi.ts";
import { jwtExpiry, serviceAccountJwt } from "../jwt.ts";
import type { VenafiOperation } from "../operation.ts";
import type { TppSpec } from "../spec.ts";
import { GrantLogin } from "./grant-login.ts";
import { certificateGrant, type GrantMethod, jwtGrant, passwordGrant } from "./grant-method.ts";
import { RefreshTokenLogin } from "./refresh-token-login.ts";
import type { CheckTppOptions } from "./tpp-check.ts";
import { type TppLogin, TppSession } from "./tpp-session.ts";
import { TppSigner } from "./tpp-signer.ts";
import { TppTransport } from "./tpp-transport.ts";
import { policyDn, tppUrl } from "./tpp-urls.ts";
import { TppZone } from "./tpp-zone.ts";

const clock = Object.freeze({ monotonic: () => performance.now() });

/** Puts a signer for TPP together. Throws an IssuerError for what can never work. */
export function connectTpp(tpp: TppSpec, parts: VenafiParts): Signer<VenafiOperation> {
  const { context, zone: zoneName, origin, http, now, delay } = parts;
  const url = tppUrl(tpp.url);
  const transport = new TppTransport(http);
  const endpoints = new Endpoints({ urls: [url], onChange: context.reports.circuit });
  const { login, expiring } = loginOf(tpp, { ...parts, transport, url });
  const session = new TppSession({ transport, endpoints, login });
  const { cadn } = tpp;
  return new TppSigner({
    ...{ session, origin, cadn, now, delay, expiring },
    zone: new TppZone({ session, dn: policyDn(zoneName), cadn, clock }),
    objectName: tpp.objectName,
    contacts: tpp.contacts ?? [],
    customFields: tpp.customFields ?? [],
    allowedCustomFields: tpp.allowedCustomFields ?? [],
    report: context.reports.credential,
  });
}

interface LoginParts extends VenafiParts {
  readonly transport: TppTransport;
  readonly url: string;
}

interface Login extends Pick<CheckTppOptions, "expiring"> {
  readonly login: TppLogin;
}

/** By the keys of the Secret, the best first: what renews itself, then what is used as it is, then what makes new grants. */
function loginOf(tpp: TppSpec, parts: LoginParts): Login {
  const { context, transport, now } = parts;
  const { accessToken, refreshToken } = valuesOf(context.secrets);
  const clientId = valuesOf(context.secrets).clientId ?? tpp.clientId;
  if (refreshToken !== undefined) {
    const { credentials, reports } = context;
    const report = reports.credential;
    const source = new RefreshTokenLogin({
      ...{ transport, clientId, refreshToken, accessToken, credentials, report, now },
    });
    const advice = "A refresh has just brought it. Check in TPP whether the grant was revoked.";
    return { login: { tokens: cacheOf(source), advice, canGainRights: false }, expiring: "refreshToken" };
  }
  if (accessToken !== undefined) {
    const advice =
      "The access-token of the Secret has expired or was revoked. Store a new one, or a refresh-token, with which the issuer renews it.";
    return { login: { tokens: accessToken, advice, canGainRights: false }, expiring: "accessToken" };
  }
  const source = new GrantLogin({ transport, method: methodOf(tpp, parts), clientId, scope: tpp.scope, now });
  const advice = "It is new. Check that WebSDK and VEDauth of this server are of one TPP.";
  return { login: { tokens: cacheOf(source), advice, canGainRights: true }, expiring: undefined };
}

function methodOf(tpp: TppSpec, { context, http, url, now }: LoginParts): GrantMethod {
  const { secrets, serviceAccountTokens, reports } = context;
  const { username, password, clientCert: cert, clientKey: key, jwt } = valuesOf(secrets);
  if (tpp.serviceAccountRef !== undefined) {
    const audience = new URL(url).host;
    const { name, audiences = [audience] } = tpp.serviceAccountRef;
    const hint = `The token is of the service account ${name}, for ${audiences.join(", ")}.`;
    return jwtGrant(serviceAccountJwt(tpp.serviceAccountRef, serviceAccountTokens, audience), hint);
  }
  if (username !== undefined || password !== undefined) {
    if (username === undefined || password === undefined)
      throw new IssuerError(
        "The Secret of credentialsRef has only one of username and password. Store both.",
      );
    return passwordGrant(username, password);
  }
  if (cert !== undefined || key !== undefined) return certificateGrant(http.with({ cert, key }));
  if (jwt !== undefined) {
    const expiresAt = jwtExpiry(jwt);
    if (expiresAt !== undefined) reports.credential({ credential: "jwt", expiresAt });
    const ended = expiresAt !== undefined && expiresAt < now() ? " It has expired." : "";
    return jwtGrant(async () => jwt, `The JWT comes from the Secret; nobody renews it there.${ended}`);
  }
  throw new IssuerError(
    "The Secret of credentialsRef has none of the keys access-token, refresh-token, username and password, tls.crt and tls.key, jwt. Add what the issuer is to log in with.",
  );
}

function cacheOf(source: TokenSource): TokenCache {
  return new TokenCache({ source, clock, random: Math.random });
}

/** Values without the line break that editors leave at the end of a token; PEM and passwords keep theirs. */
function valuesOf(secrets: VenafiParts["context"]["secrets"]) {
  const trimmed = (value: string | undefined) => (value?.trim() === "" ? undefined : value?.trim());
  return {
    ...secrets,
    accessToken: trimmed(secrets.accessToken),
    refreshToken: trimmed(secrets.refreshToken),
    clientId: trimmed(secrets.clientId),
    username: trimmed(secrets.username),
    password: secrets.password?.replace(/\r?\n$/, ""),
    jwt: trimmed(secrets.jwt),
  };
}
