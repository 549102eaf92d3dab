import type { Endpoints, TokenCache } from "@countersign/issuer-signer";
import { isSuccess, type VenafiAnswer } from "../answer.ts";
import { callServers } from "../call-servers.ts";
import { cloudError } from "./cloud-error.ts";
import type { CloudCall, CloudTransport } from "./cloud-transport.ts";

/** One call as the issuer. */
export interface CloudSessionCall extends CloudCall {
  /** For messages, such as `a look at the order`. */
  readonly what: string;
  /** Statuses beside those of success that the caller reads itself. */
  readonly accepts?: ((answer: VenafiAnswer) => boolean) | undefined;
}

/** What {@link CloudSession} needs. */
export interface CloudSessionOptions {
  readonly transport: CloudTransport;
  readonly endpoints: Endpoints;
  /** The cache of a service account's login, or a user's API key. */
  readonly credential: TokenCache | { readonly apiKey: string };
  /** What to do when the credential is not accepted. */
  readonly advice: string;
}

/** Calls the SaaS as the issuer. */
export class CloudSession {
  readonly #options: CloudSessionOptions;

  constructor(options: CloudSessionOptions) {
    this.#options = options;
  }

  /** Whether a user's API key is the credential. */
  get hasApiKey(): boolean {
    return "apiKey" in this.#options.credential;
  }

  /** Resolves to an answer of success, or one that the call accepts. Throws an error of the closed set for any other. */
  async call(call: CloudSessionCall): Promise<VenafiAnswer> {
    const { signal, idempotent } = call;
    return callServers(this.#options.endpoints, (server) => this.#judged(server, call), {
      signal,
      idempotent,
    });
  }

  async close(): Promise<void> {
    const { credential } = this.#options;
    if (!("apiKey" in credential)) await credential.close();
  }

  async #judged(server: string, { what, accepts, ...call }: CloudSessionCall): Promise<VenafiAnswer> {
    const answer = await this.#authenticated(server, call);
    if (isSuccess(answer) || accepts?.(answer) === true) return answer;
    throw cloudError(answer, { what, mayIssue: call.idempotent === false, advice: this.#options.advice });
  }

  async #authenticated(server: string, call: CloudCall): Promise<VenafiAnswer> {
    const { transport, credential } = this.#options;
    if ("apiKey" in credential) return transport.call(server, call, credential);
    const token = await credential.get(server, call.signal);
    const answer = await transport.call(server, call, { token });
    if (answer.status !== 401) return answer;
    const another = await credential.replace(token, false, server, call.signal);
    return another === undefined ? answer : transport.call(server, call, { token: another });
  }
}
