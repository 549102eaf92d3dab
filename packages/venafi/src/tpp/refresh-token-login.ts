import {
  type CredentialReport,
  type Credentials,
  IssuerError,
  type LeasedToken,
  type TokenSource,
} from "@countersign/issuer-signer";
import { isSuccess, type VenafiAnswer } from "../answer.ts";
import type { savedSecrets } from "../secret-refs.ts";
import { said, serverError } from "../server-error.ts";
import { itSaid } from "../words.ts";
import { readTokens, type TppTokens } from "./tpp-tokens.ts";
import type { TppTransport } from "./tpp-transport.ts";
import { tppSays, tppWords } from "./tpp-words.ts";

/** What writes the issuer's Secret. */
export type VenafiCredentials = Credentials<(typeof savedSecrets)[number]>;

/** What {@link RefreshTokenLogin} needs. */
export interface RefreshTokenLoginOptions {
  readonly transport: TppTransport;
  readonly clientId: string;
  /** As the Secret has it. */
  readonly refreshToken: string;
  /** As the Secret has it, if it has one: used until TPP refuses it. */
  readonly accessToken: string | undefined;
  readonly credentials: VenafiCredentials;
  readonly report: (report: CredentialReport) => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Bounds the refresh and the write that follows, in milliseconds: a stop waits for them. */
const timeoutMs = 20_000;

/**
 * Gets access tokens for a refresh token of the issuer's Secret. A refresh token works once, and the answer has the next one:
 * it is written into the Secret before the access token that came with it is used, and a refresh that has begun is never
 * broken off. What is lost between TPP's answer and that write is lost for good; then TPP refuses the token of the Secret.
 */
export class RefreshTokenLogin implements TokenSource {
  readonly #options: RefreshTokenLoginOptions;
  #refreshToken: string;
  #stored: string | undefined;
  /** Tokens that are not in the Secret yet. */
  #unsaved: { readonly tokens: TppTokens; readonly at: number } | undefined;
  #usedUp: IssuerError | undefined;

  constructor(options: RefreshTokenLoginOptions) {
    this.#options = options;
    this.#refreshToken = options.refreshToken;
    this.#stored = options.accessToken;
  }

  async login(server: string, signal: AbortSignal): Promise<LeasedToken> {
    signal.throwIfAborted();
    const stored = this.#stored;
    if (stored !== undefined) {
      this.#stored = undefined;
      return { value: stored, leaseMs: 0, renewable: false, revocable: false };
    }
    if (this.#usedUp !== undefined) throw this.#usedUp;
    this.#unsaved ??= { tokens: await this.#refresh(server), at: this.#options.now() };
    const { tokens, at } = this.#unsaved;
    await this.#save(tokens);
    this.#unsaved = undefined;
    const leaseMs = tokens.accessMs === 0 ? 0 : Math.max(1, tokens.accessMs - (this.#options.now() - at));
    // Revoking a token ends its grant, and with it the refresh token.
    return { value: tokens.accessToken, leaseMs, renewable: false, revocable: false };
  }

  renew(): Promise<LeasedToken> {
    return Promise.reject(new IssuerError("Tokens of a stored refresh token are replaced, not renewed."));
  }

  async revoke(): Promise<void> {}

  async #refresh(server: string): Promise<TppTokens> {
    const { transport, clientId, now } = this.#options;
    const answer = await transport.call(server, {
      method: "POST",
      path: "vedauth/authorize/token",
      json: { client_id: clientId, refresh_token: this.#refreshToken },
      // Where a kept connection has broken, a repeat loses nothing: the token is used up either way, or not at all.
      idempotent: true,
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (!isSuccess(answer)) throw this.#refused(answer);
    return readTokens(answer, now());
  }

  async #save({ refreshToken, accessToken, refreshUntil }: TppTokens): Promise<void> {
    const { credentials, accessToken: stored, report } = this.#options;
    if (refreshToken !== undefined) {
      const values = { refreshToken, ...(stored === undefined ? {} : { accessToken }) };
      await credentials.save(values, { signal: AbortSignal.timeout(timeoutMs) });
      this.#refreshToken = refreshToken;
    }
    if (refreshUntil !== undefined) report({ credential: "refreshToken", expiresAt: refreshUntil });
  }

  #refused(answer: VenafiAnswer) {
    const { clientId } = this.#options;
    const words = tppWords(answer);
    const common = serverError(answer, { product: "TPP", mayIssue: false, urlField: "tpp.url" }, words);
    if (common !== undefined) return common;
    const refused = `${said("TPP", answer)}: the refresh token of client ${clientId} was refused.${itSaid(words)}`;
    const remedy = tppSays(answer, /client/i)
      ? `Correct client-id in the Secret: it must be the client that the token was granted to.`
      : `A refresh token works once: this one was used up, by another program or by a refresh that broke off, or its grant has ended or was revoked. Get a new grant, and store its refresh-token in the Secret.`;
    const error = new IssuerError(`${refused} ${remedy}`);
    // Another try would only be refused as well, until the Secret changes, which makes a new signer.
    this.#usedUp = error;
    return error;
  }
}
