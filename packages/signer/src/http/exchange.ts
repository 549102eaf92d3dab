import {
  type ClientRequest,
  type Agent as HttpAgent,
  type IncomingMessage,
  request as requestHttp,
} from "node:http";
import { request as requestHttps } from "node:https";
import type { Clock } from "./clock.ts";
import { Trouble } from "./http-failure.ts";
import type { HttpResponse } from "./http-request.ts";
import { exchangeTrouble } from "./node-trouble.ts";

/** Where and how a request is sent. */
export interface Route {
  readonly agent: HttpAgent;
  readonly secure: boolean;
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  /** Path and query; the whole URL where the request goes to a proxy. */
  readonly path: string;
  /** Headers of this way: `host`, and `proxy-authorization` for a proxy. */
  readonly headers: Readonly<Record<string, string>>;
}

/** One exchange. */
export interface ExchangeOptions {
  readonly route: Route;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
  readonly maxBodyBytes: number;
  readonly maxHeaderBytes: number;
  /** From an established connection to the head of the answer, in milliseconds. */
  readonly headersTimeoutMs: number;
  /** Ends the exchange; its reason is then what is thrown. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/** What an exchange ends with if there is no complete answer. */
export class FailedExchange extends Error {
  override readonly name = "FailedExchange";
  readonly trouble: Trouble;
  /** False where the connection was never made. */
  readonly requestSent: boolean;
  /** A kept connection broke before an answer: most likely the server had closed it when the request was written. */
  readonly isStale: boolean;

  constructor(trouble: Trouble, requestSent: boolean, isStale: boolean) {
    super(trouble.message);
    this.trouble = trouble;
    this.requestSent = requestSent;
    this.isStale = isStale;
  }
}

/**
 * One HTTP exchange, from the request to the last byte of the answer, on a connection of the route's agent. Whatever ends
 * it early destroys the connection. Throws a {@link FailedExchange}, or the signal's reason
 * where that is the caller's.
 */
export async function exchange(options: ExchangeOptions): Promise<HttpResponse> {
  const { signal, clock, headersTimeoutMs } = options;
  signal.throwIfAborted();
  const request = open(options);
  const onAbort = () => request.destroy();
  signal.addEventListener("abort", onAbort, { once: true });
  let cancelTimer = () => {};
  let isConnected = false;
  request.once("socket", () => {
    isConnected = true;
    cancelTimer = clock.after(headersTimeoutMs, () => {
      request.destroy(new Trouble("headers-timeout", `no answer within ${headersTimeoutMs / 1000} s.`));
    });
  });
  let response: IncomingMessage | undefined;
  // A parse error within the body is told to the request, while the response only ends early.
  let broken: Error | undefined;
  request.on("error", (error) => {
    broken ??= error;
  });
  try {
    response = await head(request, options.body);
    cancelTimer();
    const body = await read(response, options);
    const { statusCode: status = 0, statusMessage: statusText = "", headers } = response;
    return { status, statusText, headers, body };
  } catch (error) {
    request.destroy();
    const reason = signal.aborted ? signal.reason : (broken ?? error);
    if (signal.aborted && !(reason instanceof Trouble)) throw reason;
    const trouble = reason instanceof Trouble ? reason : exchangeTrouble(reason, response !== undefined);
    const isStale = request.reusedSocket && response === undefined && trouble.failure === "reset";
    // A server that ends TLS for our certificate or version has not looked at the request (RFC 8446 §4.4.2.4).
    const requestSent = isConnected && !(trouble.failure === "tls" && trouble.needsChange);
    throw new FailedExchange(trouble, requestSent, isStale);
  } finally {
    cancelTimer();
    signal.removeEventListener("abort", onAbort);
  }
}

function open({ route, method, headers, maxHeaderBytes }: ExchangeOptions): ClientRequest {
  const { agent, secure, host, port, path } = route;
  return (secure ? requestHttps : requestHttp)({
    agent,
    method,
    host,
    port,
    path,
    headers: { ...headers, ...route.headers },
    maxHeaderSize: maxHeaderBytes,
    // Explicit, so that --insecure-http-parser does not apply: a lax parser lets answers be smuggled.
    insecureHTTPParser: false,
  });
}

/** Sends the request; resolves to the head of the answer. */
function head(request: ClientRequest, body: string | Uint8Array | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // The listener stays for good: an error after the answer would otherwise be an uncaught exception.
    request.on("error", reject);
    request.on("response", resolve);
    // A switch of protocols (101) that nobody asked for closes the connection without an error.
    request.on("close", () =>
      reject(new Trouble("protocol", "the connection was closed without an answer.")),
    );
    request.end(body);
  });
}

/** Reads a bounded body; a longer one ends the connection. */
async function read(
  response: IncomingMessage,
  { method, maxBodyBytes }: { readonly method: string; readonly maxBodyBytes: number },
): Promise<Buffer> {
  const { "content-length": announced = "0", "content-encoding": encoding = "identity" } = response.headers;
  if (method !== "HEAD" && Number(announced) > maxBodyBytes) throw tooLarge(maxBodyBytes);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    if (encoding.trim().toLowerCase() !== "identity") throw compressed();
    size += chunk.length;
    if (size > maxBodyBytes) throw tooLarge(maxBodyBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

function tooLarge(limit: number): Trouble {
  const problem = `answered with more than ${limit} bytes. Check that the URL is the PKI's API.`;
  return new Trouble("too-large", problem, { needsChange: true });
}

function compressed(): Trouble {
  const problem = "the answer is compressed, which was not offered. Check what stands before the PKI.";
  return new Trouble("protocol", problem, { needsChange: true });
}
