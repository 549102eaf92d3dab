import {
  type ConnectContext,
  type CredentialGuard,
  Endpoints,
  IssuerError,
  parseGoDuration,
  type Signer,
} from "@countersign/issuer-signer";
import { caBundlePem } from "@countersign/issuer-signer/spec";
import { AuthenticatedHttp } from "./auth/http/authenticated-http.ts";
import { type LoginOptions, loginFor } from "./auth/http/login-for.ts";
import { Authority } from "./authority.ts";
import { CertsrvClient } from "./certsrv/certsrv-client.ts";
import { CertsrvSession } from "./certsrv/certsrv-session.ts";
import { credentialOf } from "./credential.ts";
import { IssuedPath } from "./issued-path.ts";
import type { AdcsOperation } from "./operation.ts";
import type { AdcsConfigMapRefs, AdcsSecretRefs } from "./secret-refs.ts";
import { AdcsSigner } from "./signer.ts";
import type { AdcsSpec } from "./spec.ts";

/** What the SDK gives for one issuer object. */
export type AdcsContext = ConnectContext<{ readonly adcs: AdcsSpec }, AdcsSecretRefs, AdcsConfigMapRefs>;

/** What is not of one issuer object. */
export interface ConnectAdcsOptions {
  /** Of all issuers of the process. */
  readonly guard: CredentialGuard<IssuerError>;
  /** Milliseconds since the epoch; `Date.now` unless given. */
  readonly now?: (() => number) | undefined;
  /** Uniform in [0, 1); `Math.random` unless given. */
  readonly random?: (() => number) | undefined;
  /** Finds KDCs; node:dns unless given. */
  readonly resolveSrv?: LoginOptions["resolveSrv"];
}

/** Where IIS has the pages unless somebody moved them. */
const defaultPath = "/certsrv";
/** certfnsh.asp answers when the CA has, and a busy one, or its HSM, takes longer than other PKIs. */
const timeoutMs = 120_000;
/** certsrv gives certificates their media type only if the client looks like a browser. */
const userAgent = "Mozilla/5.0 (compatible; countersign)";

/**
 * Puts a signer together; nothing is sent yet. What was refused to this issuer before is tried again, since its spec or a Secret
 * has changed.
 *
 * @throws IssuerError that says what in the spec or its Secrets to correct
 */
export function connectAdcs(context: AdcsContext, options: ConnectAdcsOptions): Signer<AdcsOperation> {
  const { spec, secrets, configMaps, issuer, reports } = context;
  const { adcs } = spec;
  const { guard, now = Date.now, random = Math.random, resolveSrv } = options;
  const urls = (adcs.urls ?? [adcs.url ?? ""]).map(baseUrl);
  const ca = caBundlePem({ inline: adcs.caBundle, secret: secrets.caBundle, configMap: configMaps.caBundle });
  const { serverName } = adcs;
  const http = context.http.with({ ca, serverName, userAgent, timeoutMs, headersTimeoutMs: timeoutMs });
  guard.forget(issuer.uid);
  const login = loginFor(credentialOf(adcs.auth, secrets), { http, now, resolveSrv });
  const authenticated = new AuthenticatedHttp({ http, login, guard, owner: issuer.uid });
  const endpoints = new Endpoints({ urls, onChange: reports.circuit });
  const client = new CertsrvClient(new CertsrvSession({ http: authenticated, endpoints }));
  const [least, most] = pollRange(adcs);
  return new AdcsSigner({
    ...{ client, spec: adcs, group: issuer.group, now },
    authority: new Authority(client, now),
    issuedPath: new IssuedPath(client),
    pollMs: () => Math.round(least + random() * (most - least)),
    close: () => authenticated.close(),
  });
}

/** Without a slash at the end, since `/certnew.cer` follows. */
function baseUrl(text: string): string {
  const { search, hash, origin, pathname, username, password } = new URL(text);
  if (search !== "" || hash !== "" || username !== "" || password !== "")
    throw new IssuerError(
      "The URL of the web enrolment has a query, a fragment or a user. Give scheme, host, port and perhaps the path only.",
    );
  return `${origin}${pathname.replace(/\/+$/, "") || defaultPath}`;
}

/** In milliseconds. */
function pollRange({ poll }: AdcsSpec): readonly [number, number] {
  const [least, most] = [poll.minInterval, poll.maxInterval].map(
    (text) => (parseGoDuration(text) ?? 0) * 1000,
  );
  if (least === undefined || most === undefined || least <= 0 || most < least)
    throw new IssuerError(
      "poll.minInterval must be longer than 0 and not longer than poll.maxInterval. Correct them.",
    );
  return [least, most];
}
