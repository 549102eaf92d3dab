import { type Endpoints, IssuerError, type SignerError, type TokenCache } from "@countersign/issuer-signer";
import { isTokenRefused, NotTheServersFault } from "./errors.ts";
import { isSuccess, type VaultAnswer } from "./vault-answer.ts";
import type { VaultCall, VaultTransport } from "./vault-transport.ts";

/** One call with the issuer's token. */
export interface SessionCall extends Omit<VaultCall, "http"> {
  /** Another token than the issuer's, such as one that unwraps an answer. */
  readonly token?: string | undefined;
  /** This server and no other. */
  readonly server?: string | undefined;
  /** A policy may deny the call for good: that is no reason to log in anew. */
  readonly mayBeDenied?: boolean | undefined;
  /** The error for an answer without success. Those that it lets pass as undefined are returned. */
  readonly judge: (answer: VaultAnswer) => SignerError | undefined;
}

/** What {@link VaultSession} needs. */
export interface VaultSessionOptions {
  readonly transport: VaultTransport;
  readonly endpoints: Endpoints;
  /** The login's, or a token that is used as it is. */
  readonly tokens: TokenCache | string;
}

/** Calls Vault as the issuer: with a server that works, and with a token that is valid. */
export class VaultSession {
  readonly #transport: VaultTransport;
  readonly #endpoints: Endpoints;
  readonly #tokens: TokenCache | string;

  constructor({ transport, endpoints, tokens }: VaultSessionOptions) {
    this.#transport = transport;
    this.#endpoints = endpoints;
    this.#tokens = tokens;
  }

  /** Whether the token comes from a Secret, so that nobody renews it. */
  get hasStoredToken(): boolean {
    return typeof this.#tokens === "string";
  }

  /** Resolves to an answer of success, or one that `judge` lets pass. Throws what `judge` makes of any other. */
  async call(call: SessionCall): Promise<VaultAnswer> {
    if (call.server !== undefined) return this.#judged(call.server, call);
    const end = await this.#endpoints.call(
      async (server) => {
        try {
          return await this.#judged(server, call);
        } catch (error) {
          // The server is well: its circuit must not open, and another one would be no better.
          if (error instanceof NotTheServersFault) return error;
          throw error;
        }
      },
      { signal: call.signal, idempotent: call.idempotent },
    );
    if (end instanceof NotTheServersFault) throw end;
    return end;
  }

  /** Gives the token back. */
  async close(): Promise<void> {
    if (typeof this.#tokens !== "string") await this.#tokens.close();
  }

  async #judged(server: string, { judge, mayBeDenied = false, ...call }: SessionCall): Promise<VaultAnswer> {
    const answer = await this.#authenticated(server, call, mayBeDenied);
    const error = isSuccess(answer) ? undefined : judge(answer);
    if (error !== undefined) throw error;
    return answer;
  }

  async #authenticated(server: string, call: VaultCall, mayBeDenied: boolean): Promise<VaultAnswer> {
    const tokens = this.#tokens;
    if (call.token !== undefined) return this.#transport.call(server, call);
    if (typeof tokens === "string") {
      const answer = await this.#transport.call(server, { ...call, token: tokens });
      if (isTokenRefused(answer)) throw staticTokenRefused(answer);
      return answer;
    }
    const { signal } = call;
    const token = await tokens.get(server, signal);
    const answer = await this.#transport.call(server, { ...call, token });
    const isRefused = isTokenRefused(answer);
    if (answer.status !== 403 || (mayBeDenied && !isRefused)) return answer;
    const another = await tokens.replace(token, !isRefused, server, signal);
    return another === undefined ? answer : this.#transport.call(server, { ...call, token: another });
  }
}

function staticTokenRefused({ host, status }: VaultAnswer): IssuerError {
  return new IssuerError(
    `Vault at ${host} answered ${status}: the token of the Secret has expired, was revoked or used up, or is of another namespace. Store a new one, or let the issuer log in.`,
  );
}
