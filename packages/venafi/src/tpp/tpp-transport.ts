import type { HttpClient } from "@countersign/issuer-signer";
import { readAnswer, textField, type VenafiAnswer } from "../answer.ts";

/** One call of TPP. */
export interface TppCall {
  readonly method: "GET" | "POST";
  /** Below the server's root, such as `vedsdk/certificates/request`. */
  readonly path: string;
  readonly json?: object | undefined;
  readonly token?: string | undefined;
  /** Whether the call may be made twice: what requests a certificate, or uses a refresh token up, may not. */
  readonly idempotent?: boolean | undefined;
  /** Client with a TLS identity of its own; the transport's unless given. */
  readonly http?: HttpClient | undefined;
  readonly signal: AbortSignal;
}

/** Speaks TPP's two APIs, WebSDK and VEDauth. */
export class TppTransport {
  readonly #http: HttpClient;

  constructor(http: HttpClient) {
    this.#http = http;
  }

  /** Resolves to the server's answer, whatever its status. Throws what the HTTP client throws. */
  async call(server: string, call: TppCall): Promise<VenafiAnswer> {
    const { method, path, json, token, signal, idempotent = true } = call;
    const response = await (call.http ?? this.#http).request(method, `${server}/${path}`, {
      ...{ accept: "any", json, signal, idempotent },
      ...(token === undefined ? {} : { bearer: token }),
    });
    const shown = [token, ...credentialFields.map((field) => textField(asRecord(json), field))];
    return readAnswer(response, { host: new URL(server).host, shown, now: Date.now() });
  }
}

/** Fields of logins that are credentials. */
const credentialFields = ["password", "refresh_token", "jwt"];

function asRecord(json: object | undefined): Readonly<Record<string, unknown>> {
  return { ...json };
}
