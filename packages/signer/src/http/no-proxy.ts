import { BlockList, isIP } from "node:net";
import { isLoopbackLiteral } from "./address-policy.ts";

type Rule = (host: string, port: number) => boolean;

/** `host`, `host:port` or `[v6]:port`; a bare IPv6 address has no port. */
function splitPort(entry: string): { readonly host: string; readonly port: number | undefined } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(entry) ?? [];
  const host = bracketed ?? plain ?? entry;
  return { host, port: port === undefined ? undefined : Number(port) };
}

function cidrRule(entry: string): Rule | undefined {
  const [address = "", bits = "", more] = entry.split("/");
  const family = isIP(address);
  if (family === 0 || more !== undefined || !/^\d{1,3}$/.test(bits)) return undefined;
  if (Number(bits) > (family === 6 ? 128 : 32)) return undefined;
  const list = new BlockList();
  list.addSubnet(address, Number(bits), family === 6 ? "ipv6" : "ipv4");
  // An IPv4 address lies in no IPv6 range, while an IPv4-mapped one lies in the IPv4 range.
  return (host) => isIP(host) >= family && list.check(host, isIP(host) === 6 ? "ipv6" : "ipv4");
}

function addressRule(address: string, port: number | undefined): Rule {
  const list = new BlockList();
  list.addAddress(address, isIP(address) === 6 ? "ipv6" : "ipv4");
  return (host, at) =>
    isIP(host) !== 0 &&
    list.check(host, isIP(host) === 6 ? "ipv6" : "ipv4") &&
    (port === undefined || port === at);
}

function suffixRule(name: string, port: number | undefined): Rule {
  const suffix = name.replace(/^\*(?=\.)/, "");
  const isSubdomainOnly = suffix.startsWith(".");
  const ending = isSubdomainOnly ? suffix : `.${suffix}`;
  return (host, at) =>
    (host.endsWith(ending) || (!isSubdomainOnly && host === suffix)) && (port === undefined || port === at);
}

/**
 * Reads a `NO_PROXY` list as Go's `golang.org/x/net/http/httpproxy` does, since that is how the other controllers of a
 * cluster read the same variable: `*`; a CIDR; an address; `example.com` with its subdomains; `.example.com` or
 * `*.example.com` for the subdomains alone; all but CIDRs with an optional port. Loopback never goes through a proxy.
 *
 * @returns whether a connection to host and port bypasses the proxy
 */
export function noProxyRules(noProxy: string): (host: string, port: number) => boolean {
  const entries = noProxy
    .split(",")
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== "");
  const rules = entries.flatMap((entry): Rule[] => {
    if (entry === "*") return [() => true];
    const cidr = cidrRule(entry);
    if (cidr !== undefined) return [cidr];
    const { host, port } = splitPort(entry);
    if (host === "") return [];
    return [isIP(host) === 0 ? suffixRule(host, port) : addressRule(host, port)];
  });
  return (host, port) => {
    const name = host.toLowerCase().replace(/\.$/, "");
    return isLoopbackLiteral(name) || rules.some((rule) => rule(name, port));
  };
}
