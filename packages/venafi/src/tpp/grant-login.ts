import {
  IssuerError,
  type LeasedToken,
  RetryableError,
  retryAfterMs,
  type SignerError,
  signerErrorCode,
  type TokenSource,
} from "@countersign/issuer-signer";
import { isSuccess, type VenafiAnswer } from "../answer.ts";
import { NotTheServersFault, said, serverError } from "../server-error.ts";
import { itSaid } from "../words.ts";
import { type GrantMethod, refusalHint } from "./grant-method.ts";
import { readTokens, type TppTokens } from "./tpp-tokens.ts";
import type { TppTransport } from "./tpp-transport.ts";
import { tppSays, tppWords } from "./tpp-words.ts";

/** What {@link GrantLogin} needs. */
export interface GrantLoginOptions {
  readonly transport: TppTransport;
  readonly method: GrantMethod;
  readonly clientId: string;
  readonly scope: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** For how long a refused password is not tried again: directories lock after a few within half an hour. */
const lockWaitMs = 15 * 60_000;

/** Gets grants by a login, renews their tokens, and gives them back. One grant is one entry in TPP's books. */
export class GrantLogin implements TokenSource {
  readonly #options: GrantLoginOptions;
  /** Of the newest grant: its refresh token lives in memory only, since a login can always be repeated. */
  #latest: TppTokens | undefined;
  #refusal: { readonly error: IssuerError; readonly until: number } | undefined;

  constructor(options: GrantLoginOptions) {
    this.#options = options;
  }

  async login(server: string, signal: AbortSignal): Promise<LeasedToken> {
    const { transport, method, clientId, scope, now } = this.#options;
    if (this.#refusal !== undefined && now() < this.#refusal.until) throw this.#refusal.error;
    const json = { client_id: clientId, scope, ...(await this.#credentials(signal)) };
    const { path, http } = method;
    const answer = await transport.call(server, { method: "POST", path, json, http, signal });
    if (isSuccess(answer)) return this.#hold(readTokens(answer, now()));
    const error = this.#refused(answer);
    if (method.mayLock === true && isAboutTheCredential(answer) && error instanceof IssuerError)
      this.#refusal = { error, until: now() + lockWaitMs };
    throw error;
  }

  async renew(server: string, token: string, signal: AbortSignal): Promise<LeasedToken> {
    const { transport, clientId, now } = this.#options;
    const refreshToken = this.#latest?.accessToken === token ? this.#latest.refreshToken : undefined;
    if (refreshToken === undefined) throw new IssuerError("There is no refresh token for this access token.");
    const json = { client_id: clientId, refresh_token: refreshToken };
    const path = "vedauth/authorize/token";
    const answer = await transport.call(server, { method: "POST", path, json, signal });
    if (!isSuccess(answer)) throw this.#refused(answer);
    return this.#hold(readTokens(answer, now()));
  }

  async revoke(server: string, token: string, signal: AbortSignal): Promise<void> {
    await this.#options.transport.call(server, {
      method: "GET",
      path: "vedauth/revoke/token",
      token,
      signal,
    });
  }

  #hold(tokens: TppTokens): LeasedToken {
    this.#latest = tokens;
    const { accessToken: value, accessMs: leaseMs, refreshToken } = tokens;
    return { value, leaseMs, renewable: refreshToken !== undefined, revocable: true };
  }

  /** Kubernetes, which gives the JWT, may be away while TPP is not. */
  async #credentials(signal: AbortSignal): Promise<object> {
    try {
      return await this.#options.method.credentials(signal);
    } catch (error) {
      if (!(error instanceof Error) || signerErrorCode(error) !== "RETRYABLE") throw error;
      const options = { cause: error, retryAfterMs: retryAfterMs(error), issuedNothing: true };
      throw new NotTheServersFault(error.message, options);
    }
  }

  /** Never the fault of a request, so never permanent. */
  #refused(answer: VenafiAnswer): SignerError {
    const { method, clientId, scope } = this.#options;
    const words = tppWords(answer);
    const common = serverError(answer, { product: "TPP", mayIssue: false, urlField: "tpp.url" }, words);
    if (common !== undefined) return common;
    const hint = refusalHint(answer, clientId, scope) ?? method.hint;
    const refused = `${said("TPP", answer)}: the ${method.label} of client ${clientId} was refused.${itSaid(words)}`;
    if (answer.status === 404)
      return new IssuerError(`${refused} This TPP has no ${method.path}. Check tpp.url and TPP's version.`);
    if (answer.status === 400 || answer.status === 401 || answer.status === 403)
      return new IssuerError(`${refused} ${hint}`);
    return new RetryableError(`${refused} Check that tpp.url is a TPP's.`, { issuedNothing: true });
  }
}

function isAboutTheCredential(answer: VenafiAnswer): boolean {
  return (answer.status === 400 || answer.status === 401) && !tppSays(answer, /client|scope/i);
}
