import type { AddressPolicyOptions } from "./address-policy.ts";
import { defaultMaxJsonDepth } from "./bounded-json.ts";
import type { TlsOptions } from "./client-tls.ts";
import type { Clock } from "./clock.ts";
import type { ResolveHost } from "./dialer.ts";
import type { HttpExchangeEvent } from "./http-request.ts";
import type { ProxyOptions } from "./proxy-options.ts";

/** TLS, ways and limits of a client. */
export interface HttpClientOptions extends TlsOptions, AddressPolicyOptions {
  /** Allows `http://` to hosts other than loopback. Credentials then travel in the clear. */
  readonly allowPlainHttp?: boolean | undefined;
  readonly proxy?: ProxyOptions | undefined;
  /** Deadline of a connection, name resolution and TLS included, in milliseconds. */
  readonly connectTimeoutMs?: number | undefined;
  /** Deadline of the head of the answer, from an established connection, in milliseconds. */
  readonly headersTimeoutMs?: number | undefined;
  /** Deadline of one call in milliseconds, from the call to the last byte, redirects and repeats included. */
  readonly timeoutMs?: number | undefined;
  /** How long a connection is kept without use, in milliseconds. */
  readonly idleTimeoutMs?: number | undefined;
  /** Calls at once, and so connections; further calls wait within their own deadline. */
  readonly maxConnections?: number | undefined;
  /** Largest answer in bytes. */
  readonly maxBodyBytes?: number | undefined;
  /** Largest head of an answer in bytes. */
  readonly maxHeaderBytes?: number | undefined;
  /** Deepest nesting of a JSON answer. */
  readonly maxJsonDepth?: number | undefined;
  readonly userAgent?: string | undefined;
  /** Called after each exchange, for metrics. What it throws is dropped: a metric may not fail a signature. */
  readonly onExchange?: ((event: HttpExchangeEvent) => void) | undefined;
  /** Resolves host names; the system's resolver by default. */
  readonly resolve?: ResolveHost | undefined;
  readonly clock?: Clock | undefined;
}

/** The defaults: one PKI answer is a few certificates, and a PKI that needs a minute is down. */
export const httpClientDefaults = Object.freeze({
  maxBodyBytes: 1024 * 1024,
  timeoutMs: 60_000,
  /** A TCP handshake that loses its first packet is repeated after 1 s and 3 s. */
  connectTimeoutMs: 5_000,
  /** An HSM behind the PKI may be slow; a PKI that is silent for longer hangs. */
  headersTimeoutMs: 15_000,
  /** Below the shortest limit of common servers (Apache and Node: 5 s), so that they do not close first. */
  idleTimeoutMs: 4_000,
  /** As many as core signs at once. */
  maxConnections: 32,
  /** Node's own limit, made explicit so that --max-http-header-size does not apply. */
  maxHeaderBytes: 16 * 1024,
  maxJsonDepth: defaultMaxJsonDepth,
  userAgent: "countersign",
});

const numbers = [
  "connectTimeoutMs",
  "headersTimeoutMs",
  "timeoutMs",
  "idleTimeoutMs",
  "maxConnections",
  "maxBodyBytes",
  "maxHeaderBytes",
  "maxJsonDepth",
] as const;

/** Longest delay of a Node timer; a greater one would fire at once. */
const largest = 2 ** 31 - 1;

/** The options with the defaults in their gaps. */
export type CompleteOptions = HttpClientOptions & typeof httpClientDefaults;

/** Fills the gaps. Throws a TypeError that names the option, what it may be and what it is. */
export function completeOptions(options: HttpClientOptions): CompleteOptions {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const complete: CompleteOptions = { ...httpClientDefaults, ...Object.fromEntries(given) };
  for (const name of numbers) {
    const value = complete[name];
    if (!(Number.isInteger(value) && value >= 1 && value <= largest))
      throw new TypeError(`Expected \`${name}\` to be an integer from 1 to ${largest}, got \`${value}\``);
  }
  return complete;
}
