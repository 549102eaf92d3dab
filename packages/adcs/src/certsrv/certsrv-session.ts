import type { Endpoints, HttpResponse } from "@countersign/issuer-signer";
import { answerError } from "./certsrv-answer.ts";

/** HTTP as the issuer's account: `AuthenticatedHttp` is one. */
export interface AccountHttp {
  request(
    method: string,
    url: string,
    options?: {
      readonly headers?: Readonly<Record<string, string>> | undefined;
      readonly body?: string | undefined;
      readonly signal?: AbortSignal | undefined;
    },
  ): Promise<HttpResponse>;
}

/** What {@link CertsrvSession} needs. */
export interface CertsrvSessionOptions {
  readonly http: AccountHttp;
  /** Base URLs of web enrolments of one CA, without a slash at the end. */
  readonly endpoints: Endpoints;
}

/** Certificates, PKCS#7 and pages come as bytes; a form makes a request. */
const form = Object.freeze({ "content-type": "application/x-www-form-urlencoded" });

/** Calls the pages of certsrv at a web server that works. */
export class CertsrvSession {
  readonly #http: AccountHttp;
  readonly #endpoints: Endpoints;

  constructor({ http, endpoints }: CertsrvSessionOptions) {
    this.#http = http;
    this.#endpoints = endpoints;
  }

  /** The body of a page. Throws where no web server is well, and what the login throws. */
  get(page: string, signal: AbortSignal): Promise<Buffer> {
    return this.#endpoints.call((base) => this.#call("GET", base, page, undefined, signal), {
      idempotent: true,
      signal,
    });
  }

  /** The same for a form, which can make a certificate, so that it is never sent twice. */
  post(page: string, fields: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Buffer> {
    const body = new URLSearchParams(fields).toString();
    return this.#endpoints.call((base) => this.#call("POST", base, page, body, signal), { signal });
  }

  async #call(
    method: "GET" | "POST",
    base: string,
    page: string,
    body: string | undefined,
    signal: AbortSignal,
  ): Promise<Buffer> {
    const headers = body === undefined ? {} : form;
    const answer = await this.#http.request(method, `${base}/${page}`, { headers, body, signal });
    const error = answerError(new URL(base).host, answer, method === "POST");
    if (error !== undefined) throw error;
    return answer.body;
  }
}
