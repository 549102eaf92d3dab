/**
 * The HTTP proxy of a client. Proxies are named by whoever runs the controller, never by an issuer: their addresses are
 * not judged. What a target's name resolves to is then the proxy's to judge, as only the proxy resolves it; addresses
 * that are written out in a URL are refused on our side all the same.
 */
export interface ProxyOptions {
  /** `http:` or `https:` URL of the proxy, with credentials if it wants them (sent as Basic, never shown). */
  readonly url?: string | undefined;
  /** Instead of `url` for https targets, which are reached by a CONNECT tunnel with TLS inside. */
  readonly httpsUrl?: string | undefined;
  /** Instead of `url` for http targets, which are asked for in absolute form (RFC 9112 §3.2.2). */
  readonly httpUrl?: string | undefined;
  /** Targets that bypass the proxy, as in the variable `NO_PROXY`. */
  readonly noProxy?: string | undefined;
}

/**
 * The proxy that `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` name, upper case before lower case, as Go reads them; a value
 * without scheme is an http proxy. Undefined where none is named. Call it in `main`: nothing else reads the environment.
 *
 * @example
 * const http = new HttpClient({ proxy: proxyFromEnvironment(process.env) });
 */
export function proxyFromEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): ProxyOptions | undefined {
  const either = (name: string) => env[name] || env[name.toLowerCase()] || undefined;
  const withScheme = (value: string | undefined) =>
    value === undefined || value.includes("://") ? value : `http://${value}`;
  const httpsUrl = withScheme(either("HTTPS_PROXY"));
  // A CGI server turns the request header `Proxy` into HTTP_PROXY (CVE-2016-5386, httpoxy).
  const httpUrl = env.REQUEST_METHOD === undefined ? withScheme(either("HTTP_PROXY")) : undefined;
  if (httpsUrl === undefined && httpUrl === undefined) return undefined;
  return { httpsUrl, httpUrl, noProxy: either("NO_PROXY") };
}
