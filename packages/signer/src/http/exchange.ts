import { type Agent as HttpAgent, type IncomingMessage, request as requestHttp } from "node:http";
import { type Agent as HttpsAgent, request as requestHttps } from "node:https";
import { IssuerError, RetryableError } from "../errors.ts";
import type { HttpRequestOptions, HttpResponse } from "./http-client.ts";

/** The keep-alive agents of one client. */
export interface HttpAgents {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

/** Bounds of one exchange. */
export interface ExchangeLimits {
  readonly maxBodyBytes: number;
  /** From the call to the last byte of the answer, in milliseconds. */
  readonly timeoutMs: number;
  /** From the call to an established (TLS) connection, in milliseconds. */
  readonly connectTimeoutMs: number;
  readonly userAgent: string;
}

/** TLS failures that no retry mends: the trust or the name is configured wrongly. */
const tlsTrustCodes = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "CERT_HAS_EXPIRED",
]);

function transportError(error: Error, method: string, target: URL): Error {
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  const where = `${method} ${target.host}`;
  if (tlsTrustCodes.has(code)) {
    return new IssuerError(
      `${where}: the server's certificate is not trusted (${code}). Check the CA bundle and the host name.`,
      {
        cause: error,
      },
    );
  }
  return new RetryableError(`${where} failed${code === "" ? "" : ` (${code})`}.`, { cause: error });
}

function contents(options: HttpRequestOptions): {
  body: string | Uint8Array | undefined;
  type: string | undefined;
} {
  if (options.json !== undefined) return { body: JSON.stringify(options.json), type: "application/json" };
  return { body: options.body, type: undefined };
}

/** Reads at most `limit` bytes; a longer answer ends the connection. */
async function readBody(response: IncomingMessage, limit: number, where: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) {
      response.destroy();
      throw new IssuerError(
        `${where} answered with more than ${limit} bytes. Check that the URL is the PKI's API.`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

/** One HTTP exchange under a deadline, an abort signal and a body limit. Redirects are answers, not followed. */
export function exchange(
  agents: HttpAgents,
  method: string,
  target: URL,
  options: HttpRequestOptions,
  limits: ExchangeLimits,
): Promise<HttpResponse> {
  const secure = target.protocol === "https:";
  const where = `${method} ${target.host}`;
  const { body, type } = contents(options);
  const deadline = AbortSignal.timeout(limits.timeoutMs);
  const signal = options.signal === undefined ? deadline : AbortSignal.any([deadline, options.signal]);
  return new Promise((resolve, reject) => {
    const request = (secure ? requestHttps : requestHttp)(target, {
      method,
      agent: secure ? agents.https : agents.http,
      signal,
      headers: {
        accept: "application/json",
        "user-agent": limits.userAgent,
        ...(type === undefined ? {} : { "content-type": type }),
        ...(body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) }),
        ...(options.bearer === undefined ? {} : { authorization: `Bearer ${options.bearer}` }),
        ...options.headers,
      },
    });
    const fail = (error: Error) => {
      if (options.signal?.aborted) reject(options.signal.reason);
      else if (deadline.aborted)
        reject(new RetryableError(`${where} took longer than ${limits.timeoutMs / 1000} s.`));
      else reject(error instanceof IssuerError ? error : transportError(error, method, target));
    };
    request.on("error", fail);
    request.on("socket", (socket) => {
      if (!socket.connecting) return;
      const connecting = setTimeout(
        () => request.destroy(Object.assign(new Error("connect timeout"), { code: "ETIMEDOUT" })),
        limits.connectTimeoutMs,
      );
      const connected = () => clearTimeout(connecting);
      socket.once(secure ? "secureConnect" : "connect", connected).once("close", connected);
    });
    request.on("response", (response) => {
      readBody(response, limits.maxBodyBytes, where).then(
        (read) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: read }),
        fail,
      );
    });
    request.end(body);
  });
}
