import {
  IssuerError,
  type LeasedToken,
  retryAfterMs,
  type SignerError,
  signerErrorCode,
  type TokenSource,
} from "@countersign/issuer-signer";
import { isSuccess, numberField, textField, type VenafiAnswer } from "../answer.ts";
import { NotTheServersFault, said, serverError, unknownAnswer } from "../server-error.ts";
import { itSaid } from "../words.ts";
import { cloudWords } from "./cloud-error.ts";
import type { CloudTransport } from "./cloud-transport.ts";

/** What {@link ServiceAccountLogin} needs. */
export interface ServiceAccountLoginOptions {
  readonly transport: CloudTransport;
  readonly tokenUrl: string;
  /** A JWT that the service account trusts; a new one where it can be had. */
  readonly jwt: (signal: AbortSignal) => Promise<string>;
  /** Whose JWT it is, for refusals: one or more sentences. */
  readonly hint: string;
}

/** RFC 7523 §2.2. */
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/** Where the answer does not say how long a token lives, in milliseconds. */
const shortLeaseMs = 60_000;

/** Exchanges a JWT for an access token of a service account. Such tokens are not renewed but had anew, and end by themselves. */
export class ServiceAccountLogin implements TokenSource {
  readonly #options: ServiceAccountLoginOptions;

  constructor(options: ServiceAccountLoginOptions) {
    this.#options = options;
  }

  async login(_server: string, signal: AbortSignal): Promise<LeasedToken> {
    const { transport, tokenUrl } = this.#options;
    const answer = await transport.form(
      tokenUrl,
      {
        grant_type: "client_credentials",
        client_assertion_type: assertionType,
        client_assertion: await this.#jwt(signal),
      },
      signal,
    );
    if (!isSuccess(answer)) throw this.#refused(answer);
    const value = textField(answer.json, "access_token");
    if (value === undefined)
      throw new IssuerError(
        `${said("Venafi's SaaS", answer)} to a login without a token. Check serviceAccount.tokenURL.`,
      );
    const seconds = numberField(answer.json, "expires_in");
    const leaseMs = seconds === undefined || seconds <= 0 ? shortLeaseMs : seconds * 1000;
    return { value, leaseMs, renewable: false, revocable: false };
  }

  renew(): Promise<LeasedToken> {
    return Promise.reject(new IssuerError("Tokens of a service account are replaced, not renewed."));
  }

  async revoke(): Promise<void> {}

  /** Kubernetes, which gives the JWT, may be away while the SaaS is not. */
  async #jwt(signal: AbortSignal): Promise<string> {
    try {
      return await this.#options.jwt(signal);
    } catch (error) {
      if (!(error instanceof Error) || signerErrorCode(error) !== "RETRYABLE") throw error;
      const options = { cause: error, retryAfterMs: retryAfterMs(error), issuedNothing: true };
      throw new NotTheServersFault(error.message, options);
    }
  }

  #refused(answer: VenafiAnswer): SignerError {
    const call = { product: "Venafi's SaaS", mayIssue: false, urlField: "serviceAccount.tokenURL" } as const;
    const words = cloudWords(answer);
    const common = serverError(answer, call, words);
    if (common !== undefined) return common;
    const refused = `${said(call.product, answer)}: the service account's login was refused.${itSaid(words)}`;
    if (answer.status === 404)
      return new IssuerError(`${refused} Check serviceAccount.tokenURL: the SaaS shows it with the account.`);
    if (answer.status === 400 || answer.status === 401 || answer.status === 403)
      return new IssuerError(
        `${refused} Check the account's issuer URL, JWKS URI, subject and audience, and its scope. ${this.#options.hint}`,
      );
    return unknownAnswer(answer, call, "a login", words);
  }
}
