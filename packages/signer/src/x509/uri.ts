import { isIPv6 } from "node:net";

/**
 * What is wrong with a uniformResourceIdentifier: it must be absolute (RFC 5280 §4.2.1.6, RFC 3986), and what this lets
 * through must also pass Go's `url.Parse` and its check of the host, because cert-manager parses the certificate again.
 */
export function uriProblem(uri: string): string | undefined {
  if (!/^[\x21-\x7e]*$/.test(uri) || /["<>\\^`{|}]/.test(uri)) return "has characters that no URI has";
  if (/%(?![0-9A-Fa-f]{2})/.test(uri)) return "has a malformed percent escape";
  const colon = uri.indexOf(":");
  if (!/^[A-Za-z][A-Za-z0-9+.-]*$/.test(uri.slice(0, Math.max(colon, 0)))) return "has no scheme";
  const rest = uri.slice(colon + 1);
  if (rest === "") return "has nothing after its scheme";
  if (!rest.startsWith("//")) return undefined;
  const authorityEnd = rest.slice(2).search(/[/?#]/);
  return authorityProblem(authorityEnd < 0 ? rest.slice(2) : rest.slice(2, 2 + authorityEnd));
}

/** As {@link uriProblem}, but a PKI may have put in a relative reference, which Go parses too. */
export function uriReferenceProblem(uri: string): string | undefined {
  return uriProblem(uri.includes(":") ? uri : `relative:${uri || "."}`);
}

function authorityProblem(authority: string): string | undefined {
  const at = authority.lastIndexOf("@");
  if (at >= 0 && !/^[A-Za-z0-9\-._~!$&'()*+,;=:%]*$/.test(authority.slice(0, at)))
    return "has malformed user information";
  const hostAndPort = authority.slice(at + 1);
  if (hostAndPort.startsWith("[")) {
    const literal = /^\[([0-9A-Fa-f:.]+)\](:[0-9]*)?$/.exec(hostAndPort);
    return literal !== null && isIPv6(literal[1] ?? "") ? undefined : "has a malformed IPv6 host";
  }
  const [, host] = /^([A-Za-z0-9\-._~!$&'()*+,;=]*)(?::[0-9]*)?$/.exec(hostAndPort) ?? [];
  if (host === undefined) return "has a malformed host or port";
  return host === "" || host.split(".").every((label) => label !== "")
    ? undefined
    : "has an empty label in its host";
}
