import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** One call as the fake saw it. */
export interface FakeCall {
  readonly method: string;
  /** Below the API's path, with its query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly json: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** What the fake answers: an object is sent as JSON, a text as HTML. */
export interface FakeAnswer {
  readonly status?: number;
  readonly body?: object | string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What becomes of a call; `hang` never answers, `reset` breaks the connection. */
export type FakeEnd = FakeAnswer | "hang" | "reset";

/** Answers the calls of one path. */
export type FakeRoute = FakeEnd | ((call: FakeCall) => FakeEnd | Promise<FakeEnd>);

/** Where the API is on the fake. */
const api = "/ejbca/ejbca-rest-api/";

/** For tests: a server that answers as it is told, by method and path below the API's; anything else is a 404 of RESTEasy. */
export class FakeEjbca implements AsyncDisposable {
  readonly calls: FakeCall[] = [];
  readonly routes: Record<string, FakeRoute> = {
    "GET v1/ca": caList("LabIssuingCA"),
    "GET v1/ca/status": status("8.2.0.1"),
    "GET v2/certificate/profile/LabTLS": disabled,
  };
  readonly #server: Server;

  private constructor() {
    this.#server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const text = Buffer.concat(chunks).toString();
      const isJson = request.headers["content-type"] === "application/json";
      const call: FakeCall = {
        method: request.method ?? "",
        path: (request.url ?? "").replace(api, ""),
        headers: request.headers,
        json: isJson ? JSON.parse(text) : {},
        text,
      };
      this.calls.push(call);
      const route =
        this.routes[`${call.method} ${call.path}`] ?? saying(404, "RESTEASY003210: Could not find resource");
      const answer = typeof route === "function" ? await route(call) : route;
      if (answer === "hang") return;
      if (answer === "reset") return void request.socket.destroy();
      const { status: code = 200, body = {}, headers } = answer;
      const type = typeof body === "string" ? "text/html" : "application/json";
      const sent = typeof body === "string" ? body : JSON.stringify(body);
      response.writeHead(code, { "content-type": type, ...headers }).end(sent);
    });
  }

  static async start(): Promise<FakeEjbca> {
    const fake = new FakeEjbca();
    fake.#server.listen(0, "127.0.0.1");
    await once(fake.#server, "listening");
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** How often this method and path were called. */
  count(route: string): number {
    return this.calls.filter(({ method, path }) => `${method} ${path}` === route).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, "close");
  }
}

/** An answer as EJBCA gives for what it refuses. */
export function saying(code: number, message: string): FakeAnswer {
  return { status: code, body: { error_code: code, error_message: message } };
}

/** An answer as Undertow, or a filter in front of EJBCA, gives. */
export function html(code: number, text: string): FakeAnswer {
  return { status: code, body: `<html><head><title>Error</title></head><body>${text}</body></html>` };
}

/** What the filter of a protocol that is switched off answers. */
export const disabled: FakeAnswer = html(403, "This service has been disabled.");

/** The list of CAs. */
export function caList(...names: readonly string[]): FakeAnswer {
  const certificate_authorities = names.map((name, id) => ({
    id,
    name,
    subject_dn: `CN=${name}`,
    issuer_dn: `CN=${name}`,
  }));
  return { body: { certificate_authorities } };
}

/** The status resource of a version. */
export function status(version: string): FakeAnswer {
  return { body: { status: "OK", version: "1.0", revision: `EJBCA ${version} Enterprise (working copy)` } };
}
