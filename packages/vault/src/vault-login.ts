import {
  IssuerError,
  type LeasedToken,
  retryAfterMs,
  type SignerError,
  signerErrorCode,
  type TokenSource,
} from "@countersign/issuer-signer";
import type { AuthMethod } from "./auth/auth-method.ts";
import { commonError, NotTheServersFault, said } from "./errors.ts";
import { loginError } from "./login-error.ts";
import { isSuccess, objectField, type VaultAnswer } from "./vault-answer.ts";
import { readToken } from "./vault-token.ts";
import type { VaultTransport } from "./vault-transport.ts";

/** Logs in by one method, renews, and gives tokens back. */
export class VaultLogin implements TokenSource {
  readonly #transport: VaultTransport;
  readonly #method: AuthMethod;

  constructor(transport: VaultTransport, method: AuthMethod) {
    this.#transport = transport;
    this.#method = method;
  }

  async login(server: string, signal: AbortSignal): Promise<LeasedToken> {
    const { path, http } = this.#method;
    const json = await this.#credentials(signal);
    const answer = await this.#transport.call(server, { method: "POST", path, json, http, signal });
    if (!isSuccess(answer)) throw loginError(answer, this.#method);
    return readToken(objectField(answer, "auth"), answer.host);
  }

  /** Kubernetes may be away while Vault is not. */
  async #credentials(signal: AbortSignal): Promise<object> {
    try {
      return await this.#method.credentials(signal);
    } catch (error) {
      if (!(error instanceof Error) || signerErrorCode(error) !== "RETRYABLE") throw error;
      const options = { cause: error, retryAfterMs: retryAfterMs(error), issuedNothing: true };
      throw new NotTheServersFault(error.message, options);
    }
  }

  async renew(server: string, token: string, signal: AbortSignal): Promise<LeasedToken> {
    const { http } = this.#method;
    const path = "auth/token/renew-self";
    const answer = await this.#transport.call(server, {
      ...{ method: "POST", path, json: {}, token, http, signal },
    });
    if (!isSuccess(answer)) throw renewalError(answer);
    return readToken(objectField(answer, "auth"), answer.host);
  }

  async revoke(server: string, token: string, signal: AbortSignal): Promise<void> {
    await this.#transport.call(server, { method: "POST", path: "auth/token/revoke-self", token, signal });
  }
}

/** A refusal is an IssuerError, which here means no more than that a login is due. */
function renewalError(answer: VaultAnswer): SignerError {
  return commonError(answer, false) ?? new IssuerError(`${said(answer)}: the token is not renewed.`);
}
