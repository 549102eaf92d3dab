import type { IncomingMessage } from "node:http";
import type { Exchange } from "./exchange.ts";
import { type KubeApiError, kubeApiError, parseRetryAfter } from "./kube-api-error.ts";
import { KubeNetworkError } from "./kube-network-error.ts";

/** The body as text. @throws KubeNetworkError when it breaks off or is longer than the limit. */
export async function readBody(
  exchange: Exchange,
  response: IncomingMessage,
  path: string,
  maxBytes: number,
): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of exchange.body(response)) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge(path, maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size).toString("utf8");
}

/** The error that an answer other than 2xx stands for. */
export async function errorOf(
  exchange: Exchange,
  response: IncomingMessage,
  request: string,
  maxBytes: number,
): Promise<KubeApiError> {
  const body = await readBody(exchange, response, request, maxBytes);
  const retryAfterMs = parseRetryAfter(response.headers["retry-after"]);
  return kubeApiError(response.statusCode ?? 0, tryJson(body), request, retryAfterMs);
}

/** JSON of an answer or of a line. @throws KubeNetworkError when it is not JSON. */
export function parseAnswer(json: string, path: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw protocolError(path, "is not JSON");
  }
}

/** An answer or a line of one that exceeds its limit. */
export function tooLarge(path: string, maxBytes: number): KubeNetworkError {
  const text = `The answer of the Kubernetes API to ${path} is longer than ${maxBytes} bytes.`;
  return new KubeNetworkError("too-large", text);
}

/** An answer that cannot be understood. */
export function protocolError(path: string, what: string): KubeNetworkError {
  return new KubeNetworkError("protocol", `The answer of the Kubernetes API to ${path} ${what}.`);
}

function tryJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
