import { isIP } from "node:net";
import { IssuerError } from "../errors.ts";
import { type AddressPolicy, isLoopbackLiteral } from "./address-policy.ts";

/** The host of a URL as sockets take it: IPv6 without brackets. */
export function hostOf(target: URL): string {
  return target.hostname.replace(/^\[(.*)\]$/, "$1");
}

/** The port of a URL, which leaves out the scheme's own. */
export function portOf(target: URL): number {
  if (target.port !== "") return Number(target.port);
  return target.protocol === "https:" ? 443 : 80;
}

/** The refusal of an address, for a status: the kind, never the address that a name resolved to. */
export function addressProblem(kind: string): string {
  return `the host's address is ${kind}, which issuers may not reach. Check the URL.`;
}

/** What {@link parseTarget} allows. */
export interface TargetRules {
  readonly addresses: AddressPolicy;
  readonly allowPlainHttp: boolean;
}

/**
 * The URL of one call, checked for what would leak credentials or leave the path that the issuer's spec gives. Throws an
 * {@link IssuerError} that shows no more of it than the host.
 */
export function parseTarget(url: string, rules: TargetRules): URL {
  const target = URL.canParse(url) ? new URL(url) : undefined;
  if (target === undefined || !["http:", "https:"].includes(target.protocol)) {
    throw new IssuerError("The PKI's URL is not an http(s) URL. Check the issuer's spec.");
  }
  if (target.username !== "" || target.password !== "") {
    throw new IssuerError("The PKI's URL contains credentials. Put them into a Secret.");
  }
  // The URL parser takes these silently: it drops line breaks, turns \ into / and resolves dot segments.
  if (/[\s\\\p{Cc}]/u.test(url)) {
    throw new IssuerError(
      `The PKI's URL for ${target.host} contains white space or a backslash. Encode them.`,
    );
  }
  if (/\/(\.|%2e){1,2}(?=[/?#]|$)/i.test(url.replace(/[?#].*$/s, ""))) {
    throw new IssuerError(
      `The PKI's URL for ${target.host} contains "." or ".." segments. Write the path out.`,
    );
  }
  const host = hostOf(target);
  if (target.protocol === "http:" && !rules.allowPlainHttp && !isLoopbackLiteral(host)) {
    throw new IssuerError(
      `The PKI's URL for ${target.host} is plain http, which would expose credentials. Use https.`,
    );
  }
  const kind = isIP(host) === 0 ? undefined : rules.addresses.refusal(host, host);
  if (kind !== undefined) throw new IssuerError(`${target.host}: ${addressProblem(kind)}`);
  return target;
}
