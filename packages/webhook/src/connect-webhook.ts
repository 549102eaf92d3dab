import { type ConnectContext, Endpoints, IssuerError, type Signer } from "@countersign/issuer-signer";
import { caBundlePem } from "@countersign/issuer-signer/spec";
import { type Credentials, noCredentials } from "./auth/credentials.ts";
import { serviceAccountCredentials } from "./auth/service-account-credentials.ts";
import { basicCredentials, storedToken } from "./auth/stored-credentials.ts";
import type { WebhookConfigMapRefs, WebhookSecretRefs } from "./secret-refs.ts";
import { ServiceTransport } from "./service-transport.ts";
import { type WebhookOperation, WebhookSigner } from "./signer.ts";
import { requestSpec, responseSpec, type WebhookSpec } from "./spec.ts";

/** What the SDK gives for one issuer object. */
export type WebhookContext = ConnectContext<
  { readonly webhook: WebhookSpec },
  WebhookSecretRefs,
  WebhookConfigMapRefs
>;

/**
 * Puts a signer together; nothing is sent yet.
 *
 * @throws IssuerError that says what in the spec or its Secrets to correct
 */
export function connectWebhook(context: WebhookContext): Signer<WebhookOperation> {
  const { secrets, configMaps, reports } = context;
  const { webhook } = context.spec;
  const urls = (webhook.urls ?? [webhook.url ?? ""]).map(withoutSlash);
  const closing = new AbortController();
  const http = context.http.with({
    ca: caBundlePem({
      inline: webhook.caBundle,
      secret: secrets.caBundle,
      configMap: configMaps.caBundle,
    }),
    serverName: webhook.serverName,
    cert: secrets.clientCert,
    key: secrets.clientKey,
  });
  return new WebhookSigner({
    transport: new ServiceTransport({
      http,
      credentials: credentialsOf(context, closing.signal),
      headers: headersOf(webhook),
    }),
    endpoints: new Endpoints({ urls, onChange: reports.circuit }),
    origins: new Set(urls.map((url) => new URL(url).origin)),
    path: webhook.path,
    healthPath: webhook.healthPath,
    request: webhook.request ?? requestSpec.parse({}),
    response: webhook.response ?? responseSpec.parse({}),
    idempotencyHeader: webhook.idempotency?.header ?? "Idempotency-Key",
    isIdempotent: webhook.idempotency?.promised ?? false,
    close: () => closing.abort(new Error("The issuer is closed.")),
  });
}

function credentialsOf(
  { spec: { webhook }, secrets, serviceAccountTokens: tokens }: WebhookContext,
  closing: AbortSignal,
): Credentials {
  const { auth } = webhook;
  if (auth === undefined) return noCredentials;
  if (auth.serviceAccountRef !== undefined)
    return serviceAccountCredentials({
      tokens,
      ...auth.serviceAccountRef,
      closing,
      clock: { now: Date.now },
    });
  if (auth.basic !== undefined)
    return basicCredentials(auth.basic.username ?? secrets.username ?? "", secrets.password ?? "");
  return storedToken(secrets.token ?? "");
}

/** Headers that the calls have of their own: another value would be a second identity, or another kind of body. */
const ownHeaders: readonly string[] = ["authorization", "content-type", "cookie", "proxy-authorization"];

function headersOf({ headers = [] }: WebhookSpec): Readonly<Record<string, string>> {
  const own = headers.find(({ name }) => ownHeaders.includes(name.toLowerCase()));
  if (own !== undefined)
    throw new IssuerError(
      `The header ${own.name.toLowerCase()} may not be set in headers. Use auth for credentials.`,
    );
  return Object.fromEntries(headers.map(({ name, value }) => [name.toLowerCase(), value]));
}

/** The path follows. */
function withoutSlash(url: string): string {
  const { search, hash } = new URL(url);
  if (search !== "" || hash !== "")
    throw new IssuerError(
      "The service's URL has a query or a fragment. Give scheme, host, port and a path at most.",
    );
  return url.replace(/\/+$/, "");
}
