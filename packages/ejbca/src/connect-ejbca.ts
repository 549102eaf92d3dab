import {
  type ConnectContext,
  Endpoints,
  type HttpClient,
  IssuerError,
  type Signer,
  TokenCache,
} from "@countersign/issuer-signer";
import { caBundlePem } from "@countersign/issuer-signer/spec";
import { EjbcaSession } from "./ejbca-session.ts";
import { EndEntityNames } from "./end-entity-name.ts";
import { EnrolmentCalls } from "./enrolment-calls.ts";
import { EnrolmentTrouble } from "./enrolment-trouble.ts";
import { OAuthLogin } from "./oauth-login.ts";
import type { EjbcaConfigMapRefs, EjbcaSecretRefs } from "./secret-refs.ts";
import { ServerInfo } from "./server-info.ts";
import { EjbcaSigner } from "./signer.ts";
import type { EjbcaSpec } from "./spec.ts";

/** What the SDK gives for one issuer object. */
export type EjbcaContext = ConnectContext<{ readonly ejbca: EjbcaSpec }, EjbcaSecretRefs, EjbcaConfigMapRefs>;

/** What a test may want otherwise. */
export interface ConnectEjbcaOptions {
  /** For how long `find` looks for what is not there, in milliseconds; 2,000 unless given. */
  readonly settleMs?: number | undefined;
}

/** Where EJBCA has its REST API unless a proxy moves it. */
const defaultPath = "/ejbca/ejbca-rest-api";

/**
 * Puts a signer together; nothing is sent yet.
 *
 * @throws IssuerError that says what in the spec or its Secrets to correct
 */
export function connectEjbca(context: EjbcaContext, options: ConnectEjbcaOptions = {}): Signer {
  const { secrets, issuer, reports } = context;
  const { ejbca: spec } = context.spec;
  assertConsistent(spec);
  const ca = caBundlePem({
    inline: spec.caBundle,
    secret: secrets.caBundle,
    configMap: context.configMaps.caBundle,
  });
  const http = context.http.with({
    ...{ ca, serverName: spec.serverName },
    ...{ cert: secrets.clientCert, key: secrets.clientKey },
  });
  const urls = (spec.urls ?? [spec.url ?? ""]).map(baseUrl);
  const endpoints = new Endpoints({ urls, onChange: reports.circuit });
  const clock = { monotonic: () => performance.now() };
  const login = loginOf(context);
  const tokens =
    login === undefined ? undefined : new TokenCache({ source: login, clock, random: Math.random });
  const session = new EjbcaSession({ http, endpoints, tokens });
  return new EjbcaSigner({
    ...{ session, spec, group: issuer.group, settleMs: options.settleMs },
    info: new ServerInfo(session, clock),
    trouble: new EnrolmentTrouble(clock),
    names: new EndEntityNames(spec.endEntityName, spec.allowRequestedEndEntities),
    calls: new EnrolmentCalls({ spec, enrollmentCode: trimmed(secrets.enrollmentCode) }),
  });
}

function assertConsistent({ mode, enrollmentCodeSecretRef, generateEnrollmentCode }: EjbcaSpec): void {
  if (mode === "existingEndEntity" && enrollmentCodeSecretRef === undefined)
    throw new IssuerError(
      "Mode existingEndEntity needs the end entity's enrolment code. Set enrollmentCodeSecretRef.",
    );
  if (generateEnrollmentCode && (mode === "existingEndEntity" || enrollmentCodeSecretRef !== undefined))
    throw new IssuerError(
      "generateEnrollmentCode makes codes for end entities that the issuer makes. Remove it, or enrollmentCodeSecretRef.",
    );
}

/** The API's URL, without a slash at the end, since `/v1/…` follows. */
function baseUrl(text: string): string {
  const { search, hash, origin, pathname } = new URL(text);
  if (search !== "" || hash !== "")
    throw new IssuerError(
      "EJBCA's URL has a query or a fragment. Give scheme, host, port and perhaps the path only.",
    );
  return `${origin}${pathname.replace(/\/+$/, "") || defaultPath}`;
}

function loginOf({ spec, secrets, configMaps, http }: EjbcaContext): OAuthLogin | undefined {
  const { oauth2 } = spec.ejbca.auth;
  if (oauth2 === undefined) return undefined;
  const { tokenUrl, clientId, clientAuthentication, scopes, audience } = oauth2;
  const ca = caBundlePem({
    inline: oauth2.caBundle,
    secret: secrets.tokenCaBundle,
    configMap: configMaps.tokenCaBundle,
    within: "oauth2.",
  });
  const tokenHttp: HttpClient = http.with({ ca });
  return new OAuthLogin({
    ...{ http: tokenHttp, tokenUrl, clientAuthentication, scopes, audience },
    clientId: clientId ?? trimmed(secrets.clientId) ?? "",
    clientSecret: trimmed(secrets.clientSecret) ?? "",
  });
}

/** Files end in a line break, and Secrets are made from files. */
function trimmed(value: string | undefined): string | undefined {
  return value?.replace(/\r?\n$/, "");
}
