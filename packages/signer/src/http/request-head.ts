import { validateHeaderName, validateHeaderValue } from "node:http";
import { IssuerError } from "../errors.ts";
import type { HttpRequestOptions } from "./http-request.ts";

/** Headers that frame the message or belong to the connection (RFC 9110 §7.6.1): a caller's value would break them. */
const ownHeaders = new Set([
  "accept-encoding",
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Body of a request, in bytes as they are sent. */
export function bodyOf({ json, body }: HttpRequestOptions): string | Uint8Array | undefined {
  return json === undefined ? body : JSON.stringify(json);
}

/**
 * Headers of a request, in lower case. Throws a TypeError for a header that is the client's own, and an
 * {@link IssuerError} for a value that no header can carry, since values come from Secrets; the value is not shown.
 */
export function headersOf(
  options: HttpRequestOptions,
  body: string | Uint8Array | undefined,
  userAgent: string,
): Record<string, string> {
  const headers: Record<string, string> = {
    accept: "application/json",
    // Bounds are on decoded bytes, and a compressed answer could decode to anything.
    "accept-encoding": "identity",
    "user-agent": userAgent,
  };
  if (options.json !== undefined) headers["content-type"] = "application/json";
  if (body !== undefined) headers["content-length"] = String(Buffer.byteLength(body));
  if (options.bearer !== undefined) headers.authorization = `Bearer ${options.bearer}`;
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    const lower = name.toLowerCase();
    if (ownHeaders.has(lower)) throw new TypeError(`The header \`${lower}\` is set by the HTTP client`);
    headers[lower] = value;
  }
  for (const [name, value] of Object.entries(headers)) assertHeader(name, value);
  return headers;
}

function assertHeader(name: string, value: string): void {
  try {
    validateHeaderName(name);
  } catch {
    throw new TypeError("A header's name is not an HTTP token");
  }
  try {
    validateHeaderValue(name, value);
  } catch {
    throw new IssuerError(
      `The value for the header ${name} holds characters that no header can carry. Look for a line break in the Secret.`,
    );
  }
}
