import type { HttpClient } from "@countersign/issuer-signer";
import { readAnswer, type VenafiAnswer } from "../answer.ts";

/** One call of the SaaS. */
export interface CloudCall {
  readonly method: "GET" | "POST";
  /** Below the API's root, each part encoded. */
  readonly path: string;
  readonly json?: object | undefined;
  /** Whether the call may be made twice: an order may not. */
  readonly idempotent?: boolean | undefined;
  readonly signal: AbortSignal;
}

/** What shows who calls: an API key, or an access token. */
export type CloudIdentity = { readonly apiKey: string } | { readonly token: string };

/** Speaks the SaaS's REST API. */
export class CloudTransport {
  readonly #http: HttpClient;

  constructor(http: HttpClient) {
    this.#http = http;
  }

  /** Resolves to the server's answer, whatever its status. Throws what the HTTP client throws. */
  async call(server: string, call: CloudCall, identity: CloudIdentity): Promise<VenafiAnswer> {
    const { method, path, json, signal, idempotent = true } = call;
    const response = await this.#http.request(method, `${server}/${path}`, {
      ...{ accept: "any", json, signal, idempotent },
      ...("token" in identity
        ? { bearer: identity.token }
        : { headers: { "tppl-api-key": identity.apiKey } }),
    });
    const shown = Object.values(identity);
    return readAnswer(response, { host: new URL(server).host, shown, now: Date.now() });
  }

  /** Posts a form, as OAuth wants it (RFC 6749 §4.4.2). */
  async form(
    url: string,
    form: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<VenafiAnswer> {
    const response = await this.#http.request("POST", url, {
      ...{ accept: "any", signal, idempotent: true },
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams(form).toString(),
    });
    const shown = [form.client_assertion];
    return readAnswer(response, { host: new URL(url).host, shown, now: Date.now() });
  }
}
