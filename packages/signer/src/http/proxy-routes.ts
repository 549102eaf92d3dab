import { noProxyRules } from "./no-proxy.ts";
import type { ProxyOptions } from "./proxy-options.ts";
import { hostOf, portOf } from "./target-url.ts";

/** A proxy, ready to be connected to. */
export interface ProxyServer {
  readonly host: string;
  readonly port: number;
  /** Whether TLS is spoken to the proxy itself. */
  readonly secure: boolean;
  /** `Proxy-Authorization`, where the proxy wants credentials. */
  readonly headers: Readonly<Record<string, string>>;
}

function proxyServer(option: keyof ProxyOptions, value: string | undefined): ProxyServer | undefined {
  if (value === undefined) return undefined;
  // Neither message shows the value: it may hold the proxy's password.
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol) || url.hostname === "")
    throw new TypeError(`Expected \`proxy.${option}\` to be an http or https URL`);
  return {
    host: hostOf(url),
    port: portOf(url),
    secure: url.protocol === "https:",
    headers: credentials(option, url),
  };
}

function credentials(option: keyof ProxyOptions, url: URL): Record<string, string> {
  if (url.username === "" && url.password === "") return {};
  try {
    const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    return { "proxy-authorization": `Basic ${Buffer.from(pair).toString("base64")}` };
  } catch {
    throw new TypeError(`Expected the credentials of \`proxy.${option}\` to be percent-encoded`);
  }
}

/** Says for each target through which proxy it is reached. */
export class ProxyRoutes {
  readonly https: ProxyServer | undefined;
  readonly http: ProxyServer | undefined;
  readonly #bypasses: (host: string, port: number) => boolean;

  /** Throws a TypeError for a malformed proxy URL. */
  constructor({ url, httpsUrl, httpUrl, noProxy }: ProxyOptions = {}) {
    this.https = httpsUrl === undefined ? proxyServer("url", url) : proxyServer("httpsUrl", httpsUrl);
    this.http = httpUrl === undefined ? proxyServer("url", url) : proxyServer("httpUrl", httpUrl);
    this.#bypasses = noProxyRules(noProxy ?? "");
  }

  /** The proxy for a target; undefined for a direct connection. */
  proxyFor(secure: boolean, host: string, port: number): ProxyServer | undefined {
    return this.#bypasses(host, port) ? undefined : secure ? this.https : this.http;
  }
}
