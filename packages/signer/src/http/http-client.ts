import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { IssuerError } from "../errors.ts";
import { exchange, type HttpAgents } from "./exchange.ts";
import { errorForStatus } from "./status-errors.ts";

/** Anything with a throwing `parse`, such as a zod schema: turns the PKI's JSON into a type that can be relied on. */
export interface Parser<T> {
  parse(value: unknown): T;
}

/** Options of one call. */
export interface HttpRequestOptions<T = unknown> {
  /** Request body, sent as JSON. */
  readonly json?: unknown;
  /** Request body as it is; set `content-type` in `headers`. */
  readonly body?: string | Uint8Array | undefined;
  /** Sent as `Authorization: Bearer …`; never shown in errors. */
  readonly bearer?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Checks the JSON answer; its result is what the call resolves to. */
  readonly parse?: Parser<T> | undefined;
  /** Status codes beside 2xx that are answers, not errors, to this call. */
  readonly accept?: readonly number[] | undefined;
}

/** A complete answer. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** Limits and TLS of a client. */
export interface HttpClientOptions {
  /** PEM bundle that replaces the system's roots. */
  readonly ca?: string | undefined;
  /** PEM client certificate chain and its key, for mutual TLS. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Allows `http://` to hosts other than loopback. Credentials then travel in the clear. */
  readonly allowPlainHttp?: boolean | undefined;
  /** Largest answer in bytes. */
  readonly maxBodyBytes?: number | undefined;
  /** Deadline of one call in milliseconds, from connect to the last byte. */
  readonly timeoutMs?: number | undefined;
  readonly userAgent?: string | undefined;
}

/** The defaults: one PKI answer is a few certificates, and a PKI that needs a minute is down. */
export const httpClientDefaults = Object.freeze({
  maxBodyBytes: 1024 * 1024,
  timeoutMs: 60_000,
  connectTimeoutMs: 5_000,
  userAgent: "countersign",
});

const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * A bounded HTTP client for PKIs: keep-alive, TLS 1.2 or newer, a deadline, a body limit, no redirects, and errors of
 * the closed set that never carry a body or a secret. Built on `node:https`, since its agent takes the TLS identity of
 * each issuer.
 */
export class HttpClient {
  readonly #options: HttpClientOptions;
  readonly #agents: HttpAgents;

  constructor(options: HttpClientOptions = {}) {
    this.#options = options;
    this.#agents = {
      http: new HttpAgent({ keepAlive: true }),
      https: new HttpsAgent({
        keepAlive: true,
        minVersion: "TLSv1.2",
        ...(options.ca === undefined ? {} : { ca: options.ca }),
        ...(options.cert === undefined ? {} : { cert: options.cert }),
        ...(options.key === undefined ? {} : { key: options.key }),
      }),
    };
  }

  /** GET that resolves to the parsed JSON answer. */
  get<T = unknown>(url: string, options?: HttpRequestOptions<T>): Promise<T> {
    return this.#json("GET", url, options);
  }

  /** POST that resolves to the parsed JSON answer. */
  post<T = unknown>(url: string, options?: HttpRequestOptions<T>): Promise<T> {
    return this.#json("POST", url, options);
  }

  /** One exchange; resolves for 2xx and for the codes in `accept`. */
  async request(method: string, url: string, options: HttpRequestOptions = {}): Promise<HttpResponse> {
    const target = this.#target(url);
    const response = await exchange(this.#agents, method, target, options, {
      maxBodyBytes: this.#options.maxBodyBytes ?? httpClientDefaults.maxBodyBytes,
      timeoutMs: this.#options.timeoutMs ?? httpClientDefaults.timeoutMs,
      connectTimeoutMs: httpClientDefaults.connectTimeoutMs,
      userAgent: this.#options.userAgent ?? httpClientDefaults.userAgent,
    });
    const { status } = response;
    if ((status >= 200 && status < 300) || options.accept?.includes(status)) return response;
    throw errorForStatus(method, target, response);
  }

  /** Closes idle and busy connections. */
  close(): void {
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }

  async #json<T>(method: string, url: string, options: HttpRequestOptions<T> = {}): Promise<T> {
    const { parse, ...plain } = options;
    const { body } = await this.request(method, url, plain);
    const where = `${method} ${this.#target(url).host}`;
    let value: unknown;
    try {
      value = body.length === 0 ? undefined : JSON.parse(body.toString("utf8"));
    } catch {
      throw new IssuerError(
        `${where} answered with something that is not JSON. Check that the URL is the PKI's API.`,
      );
    }
    if (parse === undefined) return value as T;
    try {
      return parse.parse(value);
    } catch (cause) {
      throw new IssuerError(`${where} answered with JSON of an unexpected shape. Check the PKI's version.`, {
        cause,
      });
    }
  }

  #target(url: string): URL {
    const target = URL.canParse(url) ? new URL(url) : undefined;
    if (target === undefined || !["http:", "https:"].includes(target.protocol)) {
      throw new IssuerError("The PKI's URL is not an http(s) URL. Check the issuer's spec.");
    }
    if (target.username !== "" || target.password !== "") {
      throw new IssuerError("The PKI's URL contains credentials. Put them into a Secret.");
    }
    if (target.protocol === "http:" && !this.#options.allowPlainHttp && !loopback.test(target.hostname)) {
      throw new IssuerError(
        `The PKI's URL for ${target.host} is plain http, which would expose credentials. Use https.`,
      );
    }
    return target;
  }
}
