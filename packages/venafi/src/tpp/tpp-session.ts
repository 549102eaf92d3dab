import type { Endpoints, TokenCache } from "@countersign/issuer-signer";
import { isSuccess, type VenafiAnswer } from "../answer.ts";
import { callServers } from "../call-servers.ts";
import { tppError } from "./tpp-error.ts";
import type { TppCall, TppTransport } from "./tpp-transport.ts";

/** One call with the issuer's token. */
export interface SessionCall extends Omit<TppCall, "token" | "http"> {
  /** For messages, such as `a certificate request`. */
  readonly what: string;
  /** Statuses beside those of success that the caller reads itself. */
  readonly accepts?: ((answer: VenafiAnswer) => boolean) | undefined;
}

/** How the issuer has its token. */
export interface TppLogin {
  /** A token that is used as it is, or the cache of a login. */
  readonly tokens: TokenCache | string;
  /** What to do when TPP does not accept the token. */
  readonly advice: string;
  /** Whether a login anew may bring more rights: a refresh never does. */
  readonly canGainRights: boolean;
}

/** What {@link TppSession} needs. */
export interface TppSessionOptions {
  readonly transport: TppTransport;
  readonly endpoints: Endpoints;
  readonly login: TppLogin;
}

/** Calls TPP as the issuer, with a token that is valid. */
export class TppSession {
  readonly #options: TppSessionOptions;

  constructor(options: TppSessionOptions) {
    this.#options = options;
  }

  /** Resolves to an answer of success, or one that the call accepts. Throws an error of the closed set for any other. */
  async call(call: SessionCall): Promise<VenafiAnswer> {
    const { signal, idempotent } = call;
    return callServers(this.#options.endpoints, (server) => this.#judged(server, call), {
      signal,
      idempotent,
    });
  }

  /** Gives a grant back that a login made. */
  async close(): Promise<void> {
    const { tokens } = this.#options.login;
    if (typeof tokens !== "string") await tokens.close();
  }

  async #judged(server: string, { what, accepts, ...call }: SessionCall): Promise<VenafiAnswer> {
    const answer = await this.#authenticated(server, call);
    if (isSuccess(answer) || accepts?.(answer) === true) return answer;
    throw tppError(answer, { what, mayIssue: call.idempotent === false, advice: this.#options.login.advice });
  }

  async #authenticated(server: string, call: TppCall): Promise<VenafiAnswer> {
    const { transport, login } = this.#options;
    const { tokens, canGainRights } = login;
    if (typeof tokens === "string") return transport.call(server, { ...call, token: tokens });
    const token = await tokens.get(server, call.signal);
    const answer = await transport.call(server, { ...call, token });
    const isDenied = answer.status === 403;
    if (answer.status !== 401 && !(isDenied && canGainRights)) return answer;
    const another = await tokens.replace(token, isDenied, server, call.signal);
    return another === undefined ? answer : transport.call(server, { ...call, token: another });
  }
}
