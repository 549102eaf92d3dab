import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { text } from "node:stream/consumers";
import { Answer } from "./answer.ts";
import { WatchStream } from "./watch-stream.ts";

/** The media types of PATCH bodies (Kubernetes API conventions, "Patch operations"). */
export const patchTypes = {
  merge: "application/merge-patch+json",
  json: "application/json-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
} as const;

/** Query parameters; `undefined` leaves one out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** One finished request and its answer, or one event that a watch delivered. */
export interface Exchange {
  readonly request: string;
  readonly answer: unknown;
}

/** Where a server listens and as whom to speak to it. */
export interface ClientOptions {
  readonly url: string;
  readonly caPem?: string;
  /** Bearer token; none makes anonymous requests. */
  readonly token?: string;
  /** The server derives the field manager of writes that name none from its part before the slash. */
  readonly userAgent?: string;
  readonly record?: (exchange: Exchange) => void;
  readonly onWatch?: (stream: WatchStream) => void;
  readonly agent?: HttpAgent | HttpsAgent;
}

export interface RequestOptions {
  readonly query?: Query;
  /** A string is sent as it is, anything else as JSON. */
  readonly body?: unknown;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A plain HTTP client of the Kubernetes API: it adds a token and JSON, and hides nothing of the answer. */
export class Client {
  readonly #options: ClientOptions;
  readonly #agent: HttpAgent | HttpsAgent;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#agent = options.agent ?? newAgent(options);
  }

  /** The same connection with other options: another token, no recording. */
  with(changes: Partial<Omit<ClientOptions, "url" | "caPem" | "agent">>): Client {
    return new Client({ ...this.#options, ...changes, agent: this.#agent });
  }

  /** The same caller, leaving no record: for polling and for requests that race. */
  get unrecorded(): Client {
    return this.with({ record: () => {} });
  }

  /** The same address with no credentials. */
  get anonymous(): Client {
    const { token: _, ...rest } = this.#options;
    return new Client({ ...rest, agent: this.#agent });
  }

  get(path: string, query: Query = {}, headers: RequestOptions["headers"] = {}): Promise<Answer> {
    return this.request("GET", path, { query, headers });
  }

  create(path: string, body: unknown, query: Query = {}): Promise<Answer> {
    return this.request("POST", path, { query, body });
  }

  put(path: string, body: unknown, query: Query = {}): Promise<Answer> {
    return this.request("PUT", path, { query, body });
  }

  patch(path: string, type: keyof typeof patchTypes, body: unknown, query: Query = {}): Promise<Answer> {
    return this.request("PATCH", path, { query, body, contentType: patchTypes[type] });
  }

  delete(path: string, options?: unknown, query: Query = {}): Promise<Answer> {
    return this.request("DELETE", path, { query, body: options });
  }

  async request(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const response = await this.#send(method, path, options);
    const answer = new Answer(response.statusCode ?? 0, response.headers, await text(response));
    this.#options.record?.({ request: describe(method, path, options), answer: answer.recorded });
    return answer;
  }

  /** Opens a watch; an answer other than 200 is thrown. The stream must be closed or read to its end. */
  async watch(path: string, query: Query = {}): Promise<WatchStream> {
    const all = { ...query, watch: true };
    const response = await this.#send("GET", path, { query: all });
    if (response.statusCode !== 200) {
      throw new Error(`watch ${path}: HTTP ${response.statusCode} ${await text(response)}`);
    }
    const request = describe("WATCH", path, { query });
    const stream = new WatchStream(response, (event) => this.#options.record?.({ request, answer: event }));
    this.#options.onWatch?.(stream);
    return stream;
  }

  /** Ends idle connections. */
  close(): void {
    this.#agent.destroy();
  }

  #send(method: string, path: string, options: RequestOptions): Promise<IncomingMessage> {
    const { url, token, userAgent = "contract/1.0" } = this.#options;
    const target = new URL(path + search(options.query ?? {}), url);
    const payload = bytes(options.body);
    const headers: Record<string, string> = { accept: "application/json", "user-agent": userAgent };
    if (token !== undefined) headers.authorization = `Bearer ${token}`;
    if (payload !== undefined) {
      headers["content-type"] = options.contentType ?? "application/json";
      headers["content-length"] = String(payload.length);
    }
    Object.assign(headers, options.headers);
    const send = target.protocol === "https:" ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const request = send(target, { method, headers, agent: this.#agent }, resolve);
      request.on("error", reject);
      request.end(payload);
    });
  }
}

function newAgent(options: ClientOptions): HttpAgent | HttpsAgent {
  if (options.url.startsWith("http:")) return new HttpAgent({ keepAlive: true });
  return new HttpsAgent({ keepAlive: true, ...(options.caPem === undefined ? {} : { ca: options.caPem }) });
}

function bytes(body: unknown): Buffer | undefined {
  if (body === undefined) return undefined;
  return Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
}

function search(query: Query): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(key, String(value));
  }
  const text = parameters.toString();
  return text === "" ? "" : `?${text}`;
}

function describe(method: string, path: string, { query = {}, contentType }: RequestOptions): string {
  const type = contentType === undefined ? "" : ` (${contentType})`;
  return `${method} ${path}${search(query)}${type}`;
}
