import {
  type HttpClient,
  type HttpResponse,
  IssuerError,
  type LeasedToken,
  parseBoundedJson,
  parseRetryAfter,
  RetryableError,
  type TokenSource,
} from "@countersign/issuer-signer";

/** What {@link OAuthLogin} needs. */
export interface OAuthLoginOptions {
  /** Trusts the token endpoint, and has no client certificate. */
  readonly http: HttpClient;
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly clientAuthentication: "basic" | "post";
  readonly scopes?: readonly string[] | undefined;
  readonly audience?: string | undefined;
}

/** Errors of RFC 6749 §5.2, the ones that a configuration can cause. */
const meanings: Readonly<Record<string, string>> = Object.freeze({
  invalid_client: "it does not know the client, or the secret is another one. Correct the issuer's Secret",
  unauthorized_client: "the client may not use the client credentials grant. Allow it there",
  invalid_scope: "it does not grant one of the issuer's scopes. Correct scopes",
  unsupported_grant_type: "it has no client credentials grant. Switch it on there",
  invalid_request: "it does not take the request. Try the other clientAuthentication, or an audience",
  invalid_target: "it does not know the issuer's audience. Correct it",
});

/** Logs in by the client credentials grant (RFC 6749 §4.4). Its tokens are neither renewed nor revoked. */
export class OAuthLogin implements TokenSource {
  readonly #options: OAuthLoginOptions;

  constructor(options: OAuthLoginOptions) {
    this.#options = options;
  }

  async login(_server: string, signal: AbortSignal): Promise<LeasedToken> {
    const { http, tokenUrl } = this.#options;
    const headers = { "content-type": "application/x-www-form-urlencoded", ...this.#authorization() };
    const body = this.#form().toString();
    const answer = await http.request("POST", tokenUrl, {
      ...{ headers, body, accept: "any", idempotent: true, signal },
    });
    return readToken(answer, new URL(tokenUrl).host, Date.now());
  }

  renew(): Promise<LeasedToken> {
    return Promise.reject(new TypeError("A token of this grant is not renewed"));
  }

  async revoke(): Promise<void> {}

  #form(): URLSearchParams {
    const { clientId, clientSecret, clientAuthentication, scopes = [], audience } = this.#options;
    return new URLSearchParams({
      grant_type: "client_credentials",
      ...(scopes.length === 0 ? {} : { scope: scopes.join(" ") }),
      ...(audience === undefined ? {} : { audience }),
      ...(clientAuthentication === "post" ? { client_id: clientId, client_secret: clientSecret } : {}),
    });
  }

  /** RFC 6749 §2.3.1: both are form-encoded before they are joined. */
  #authorization(): Readonly<Record<string, string>> {
    const { clientId, clientSecret, clientAuthentication } = this.#options;
    if (clientAuthentication === "post") return {};
    const [id, secret] = [clientId, clientSecret].map((text) =>
      new URLSearchParams({ x: text }).toString().slice(2),
    );
    return { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}` };
  }
}

function readToken({ status, headers, body }: HttpResponse, host: string, now: number): LeasedToken {
  const json = jsonOf(body);
  const said = `The OAuth2 server ${host} answered ${status}`;
  if (status === 429 || status >= 500)
    throw new RetryableError(`${said}. EJBCA was not asked.`, {
      issuedNothing: true,
      retryAfterMs: parseRetryAfter(headers["retry-after"], now),
    });
  if (status < 200 || status > 299) {
    const meaning = typeof json?.error === "string" ? meanings[json.error] : undefined;
    throw new IssuerError(`${said}: ${meaning ?? "it grants no token. Check tokenUrl, and its log"}.`);
  }
  const token = json?.access_token;
  if (typeof token !== "string" || !/^[\x21-\x7e]+$/.test(token))
    throw new IssuerError(`${said} without a token. Check tokenUrl.`);
  const seconds = Number(json?.expires_in ?? 0);
  const leaseMs = Number.isFinite(seconds) ? Math.max(0, seconds) * 1000 : 0;
  return { value: token, leaseMs, renewable: false, revocable: false };
}

function jsonOf(body: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value = parseBoundedJson(body);
    return typeof value === "object" && value !== null
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}
