import {
  type Endpoints,
  type HttpClient,
  type HttpResponse,
  IssuerError,
  RetryableError,
  retryAfterMs,
  signerErrorCode,
  type TokenCache,
} from "@countersign/issuer-signer";
import { tokenRefusal } from "./access-error.ts";
import { type EjbcaAnswer, readAnswer } from "./ejbca-answer.ts";
import { serverTrouble } from "./server-trouble.ts";

/** One call of EJBCA's REST API. */
export interface EjbcaCall {
  readonly method: "GET" | "POST";
  /** Below the base URL, with its query; what stands in it is encoded already. */
  readonly path: string;
  readonly json?: object | undefined;
  /** Whether the call can make a certificate, so that it may not be made twice. */
  readonly mayIssue?: boolean | undefined;
  readonly signal: AbortSignal;
}

/** What {@link EjbcaSession} needs. */
export interface EjbcaSessionOptions {
  /** With the issuer's client certificate, where it logs in by one. */
  readonly http: HttpClient;
  /** Base URLs, without a slash at the end. */
  readonly endpoints: Endpoints;
  /** Undefined where a client certificate is the login. */
  readonly tokens: TokenCache | undefined;
}

/** Calls EJBCA as the issuer: at a node that works, and with a token that is valid. */
export class EjbcaSession {
  readonly #http: HttpClient;
  readonly #endpoints: Endpoints;
  readonly #tokens: TokenCache | undefined;

  constructor({ http, endpoints, tokens }: EjbcaSessionOptions) {
    this.#http = http;
    this.#endpoints = endpoints;
    this.#tokens = tokens;
  }

  /**
   * Resolves to the answer of a node that is well, whatever its status; a token that it refuses is replaced once. Throws
   * where no node is well, and what the login throws.
   */
  async call(call: EjbcaCall): Promise<EjbcaAnswer> {
    const tokens = this.#tokens;
    if (tokens === undefined) return this.#atEndpoint(call, undefined);
    const token = await beforeTheCall(tokens.get("", call.signal), call.signal);
    const answer = await this.#atEndpoint(call, token);
    const refusal = tokenRefusal(answer);
    if (refusal === undefined) return answer;
    // Another token would share the fault of one that was refused when it was new, unless that one has expired.
    const replaced = tokens.replace(token, refusal === "refused", "", call.signal);
    const another = await beforeTheCall(replaced, call.signal);
    return another === undefined ? answer : this.#atEndpoint(call, another);
  }

  async close(): Promise<void> {
    await this.#tokens?.close();
  }

  #atEndpoint(call: EjbcaCall, token: string | undefined): Promise<EjbcaAnswer> {
    const { signal, mayIssue = false } = call;
    return this.#endpoints.call(
      async (base) => {
        const response = await this.#request(base, call, token);
        const answer = readAnswer(new URL(base).host, response, Date.now());
        const trouble = serverTrouble(answer, mayIssue);
        if (trouble !== undefined) throw trouble;
        return answer;
      },
      { signal, idempotent: !mayIssue },
    );
  }

  async #request(base: string, call: EjbcaCall, bearer: string | undefined): Promise<HttpResponse> {
    const { method, path, json, signal, mayIssue = false } = call;
    try {
      return await this.#http.request(method, `${base}/${path}`, {
        // EJBCA refuses what looks like a browser's call without it, and a proxy may add such headers.
        headers: { "x-keyfactor-requested-with": "countersign" },
        accept: "any",
        json,
        bearer,
        signal,
        idempotent: !mayIssue,
      });
    } catch (error) {
      throw refusesCertificate(error) ? certificateRefused(new URL(base).host, error as Error) : error;
    }
  }
}

/** Whatever a login ends with, EJBCA was not asked to issue. */
async function beforeTheCall<T>(login: Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await login;
  } catch (error) {
    if (signal.aborted || !(error instanceof Error) || signerErrorCode(error) !== "RETRYABLE") throw error;
    const options = { cause: error, retryAfterMs: retryAfterMs(error), issuedNothing: true };
    throw new RetryableError(error.message, options);
  }
}

/** A listener that ends TLS for the client's certificate (RFC 8446 §4.4.2.4) has not looked at the request. */
function refusesCertificate(error: unknown): boolean {
  return error instanceof IssuerError && /refuses the client certificate, or wants one/.test(error.message);
}

function certificateRefused(host: string, cause: Error): IssuerError {
  const error = new IssuerError(
    `EJBCA at ${host} ends TLS for the client certificate: it wants one, or does not trust the CA of this one, or it has expired. Store one of a CA that EJBCA trusts.`,
    { cause },
  );
  return Object.assign(error, { failure: "tls", requestSent: false });
}
