import type { HttpRequestOptions, HttpResponse } from "./http-request.ts";

/** One request of a call: the first, or one that a redirect asks for. */
export interface Hop {
  readonly method: string;
  readonly target: URL;
  readonly options: HttpRequestOptions;
  /** Whether this request, or one of the call before it, can make the PKI issue. */
  readonly mayIssue: boolean;
}

/** Where a redirect leads: the next request, or why it is not made. */
export type Redirection =
  | { readonly hop: { readonly method: string; readonly url: string; readonly options: HttpRequestOptions } }
  | { readonly refused: string };

const redirects: readonly number[] = [301, 302, 303, 307, 308];

/** Headers that identify nobody and may go to another host. Any other that a caller sets counts as a credential. */
const harmlessHeaders: readonly string[] = ["accept", "accept-language", "content-type", "user-agent"];

/** Whether the status asks for another request; 300, 304 and 305 do not. */
export function isRedirect(status: number): boolean {
  return redirects.includes(status);
}

/** Whether the request carries something that only its own host may see. */
function hasCredentials({ bearer, headers = {} }: HttpRequestOptions): boolean {
  return (
    bearer !== undefined || Object.keys(headers).some((name) => !harmlessHeaders.includes(name.toLowerCase()))
  );
}

/** As the Fetch standard: 303 asks for a GET, 301 and 302 turn a POST into one, 307 and 308 change nothing. */
function keepsMethod(status: number, method: string): boolean {
  if (status === 303) return method === "GET" || method === "HEAD";
  return status === 307 || status === 308 || method !== "POST";
}

/** The call without its body. */
function asGet(options: HttpRequestOptions): HttpRequestOptions {
  const { json: _json, body: _body, headers = {}, ...rest } = options;
  const left = Object.entries(headers).filter(([name]) => !name.toLowerCase().startsWith("content-"));
  return { ...rest, headers: Object.fromEntries(left) };
}

/**
 * Where a redirect leads. Never from https to http. To another origin only if it is trusted, or if the request has no
 * credentials at all: no bearer, no header but harmless ones, no body to send again, no client certificate.
 *
 * @param hasIdentity whether the client shows a certificate of its own
 */
export function followRedirect(hop: Hop, response: HttpResponse, hasIdentity: boolean): Redirection {
  const { location } = response.headers;
  if (typeof location !== "string" || !URL.canParse(location, hop.target.href))
    return { refused: "redirects without saying where" };
  const next = new URL(location, hop.target);
  const isKept = keepsMethod(response.status, hop.method);
  const method = isKept ? hop.method : "GET";
  const options = isKept ? hop.options : asGet(hop.options);
  if (hop.target.protocol === "https:" && next.protocol !== "https:")
    return { refused: "redirects from https to another scheme" };
  const isSame = next.origin === hop.target.origin || options.trustedOrigins?.includes(next.origin) === true;
  const hasBody = options.json !== undefined || options.body !== undefined;
  if (!isSame && (hasCredentials(options) || hasBody || hasIdentity))
    return { refused: "redirects to another host, which must not see the credentials" };
  return { hop: { method, url: next.href, options } };
}
