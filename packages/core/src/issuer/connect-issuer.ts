import {
  type Credentials,
  HttpClient,
  type HttpClientOptions,
  type ServiceAccountTokens,
} from "@countersign/issuer-signer";
import type { AnyConnectContext, IssuerDefinition } from "../definition/define-issuer.ts";
import type { IssuerObject } from "../kube/types.ts";
import type { Lifecycle } from "../lifecycle/lifecycle.ts";
import { KnownSecrets } from "../observe/known-secrets.ts";
import { certificateExpiry } from "./certificate-expiry.ts";
import { ConnectionReports } from "./connection-reports.ts";
import { discreetSigner } from "./discreet-signer.ts";
import { IssuerConnection } from "./issuer-connection.ts";
import { type IssuerCredentials, noCredentials } from "./issuer-credentials.ts";
import { noServiceAccountTokens } from "./service-account-tokens.ts";

/** How signers reach their PKIs, as the operator says and no issuer object can. */
export type PkiNetworkOptions = Pick<
  HttpClientOptions,
  "proxy" | "allowPlainHttp" | "allowLoopback" | "allowAddresses"
>;

/** What {@link connectIssuer} needs. */
export interface ConnectIssuerOptions {
  readonly definition: IssuerDefinition;
  readonly lifecycle: Lifecycle;
  readonly issuer: IssuerObject;
  /** What the connection is made from, as {@link IssuerConnection} keeps it. */
  readonly version: string;
  readonly spec: unknown;
  readonly secrets: Readonly<Record<string, string | Uint8Array>>;
  readonly configMaps: Readonly<Record<string, string | Uint8Array>>;
  /** Of the namespace that the issuer's references are to. */
  readonly tokens: ServiceAccountTokens;
  /** For definitions that save some. */
  readonly credentials: IssuerCredentials | undefined;
  readonly userAgent: string;
  readonly http: PkiNetworkOptions;
  /** Puts the deadline on the author's code. */
  readonly bounded: <T>(call: () => Promise<T>) => Promise<T>;
}

/**
 * Makes the signer of one issuer object, which shows no Secret of it.
 *
 * @throws what `connect` of the definition throws, without the values of the Secrets
 */
export async function connectIssuer(options: ConnectIssuerOptions): Promise<IssuerConnection> {
  const { definition, lifecycle, version, spec, secrets, configMaps, credentials, userAgent } = options;
  const { kind, metadata } = options.issuer;
  const pki = { group: definition.group, kind, namespace: metadata.namespace ?? "", name: metadata.name };
  const http = new HttpClient({
    ...options.http,
    userAgent,
    onExchange: ({ method, host, ms, status, failure }) =>
      lifecycle.announce("pki:exchanged", { issuer: pki, method, host, ms, code: status ?? failure }),
  });
  const known = new KnownSecrets(Object.values(secrets));
  const reports = new ConnectionReports(lifecycle, pki);
  const reportExpiry = (values: Readonly<Record<string, string | Uint8Array>>) => {
    for (const [credential, value] of Object.entries(values)) {
      const expiresAt = typeof value === "string" ? certificateExpiry(value) : undefined;
      if (expiresAt !== undefined) reports.credential({ credential, expiresAt });
    }
  };
  reportExpiry(secrets);
  const onSaved = (values: Readonly<Record<string, string>>) => {
    lifecycle.announce("issuer:saved", { issuer: pki, credentials: Object.keys(values) });
    reportExpiry(values);
  };
  const limits = definition.limits(spec);
  const context: AnyConnectContext = {
    spec,
    secrets,
    configMaps,
    http,
    issuer: { ...pki, uid: metadata.uid },
    serviceAccountTokens: definition.requestsTokens
      ? discreetTokens(options.tokens, known)
      : noServiceAccountTokens,
    credentials: credentials === undefined ? noCredentials : discreetCredentials(credentials, known, onSaved),
    reports,
  };
  try {
    const signer = discreetSigner(await options.bounded(() => definition.connect(context)), known);
    const close = async () => {
      await signer.close?.();
      http.close();
    };
    return new IssuerConnection({ version, signer, reports, limits, credentials, close });
  } catch (error) {
    http.close();
    throw known.error(error);
  }
}

/** The same tokens, each of them a secret of the issuer from the moment that it exists. */
function discreetTokens(tokens: ServiceAccountTokens, known: KnownSecrets): ServiceAccountTokens {
  return {
    async request(request) {
      const answer = await tokens.request(request);
      known.addPassing(answer.token);
      return answer;
    },
  };
}

/** The same credentials, each saved value a secret of the issuer before anything is done with it. */
function discreetCredentials(
  credentials: Credentials<string>,
  known: KnownSecrets,
  onSaved: (values: Readonly<Record<string, string>>) => void,
): Credentials<string> {
  return {
    async save(values, options) {
      const given: Record<string, string> = {};
      for (const [called, value] of Object.entries(values)) {
        if (value === undefined) continue;
        given[called] = value;
        known.renew(called, value);
      }
      await credentials.save(given, options);
      onSaved(given);
    },
  };
}
