import type { HttpClient } from "@countersign/issuer-signer";
import type { Credentials } from "./auth/credentials.ts";
import { readAnswer, type ServiceAnswer } from "./service-answer.ts";

/** One call of a service. */
export interface ServiceCall {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly json?: object | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Whether a call may be made twice: what signs may not, unless the service promises it. */
  readonly idempotent: boolean;
  readonly signal: AbortSignal;
}

/** What {@link ServiceTransport} needs. */
export interface ServiceTransportOptions {
  readonly http: HttpClient;
  readonly credentials: Credentials;
  /** Sent with every call. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Calls one service at a time as the issuer. */
export class ServiceTransport {
  readonly #options: ServiceTransportOptions;

  constructor(options: ServiceTransportOptions) {
    this.#options = options;
  }

  /** Resolves to the answer, whatever its status. A 401 is tried once more where other credentials can be had. */
  async call(call: ServiceCall): Promise<ServiceAnswer> {
    const answer = await this.#request(call, false);
    const isStale = answer.status === 401 && this.#options.credentials.canRefresh;
    return isStale ? this.#request(call, true) : answer;
  }

  async #request(call: ServiceCall, refresh: boolean): Promise<ServiceAnswer> {
    const { http, credentials, headers } = this.#options;
    const { method, url, json, idempotent, signal } = call;
    const authorization = await credentials.headers(signal, refresh);
    const response = await http.request(method, url, {
      accept: "any",
      json,
      idempotent,
      signal,
      headers: { accept: "application/json", ...headers, ...call.headers, ...authorization },
    });
    return readAnswer(url, response, Date.now());
  }
}
