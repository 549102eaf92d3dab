import { BlockList, isIP } from "node:net";
import { formatIpAddress, parseIpAddress } from "../x509/ip-address.ts";

/**
 * Addresses that no PKI has and every cloud instance answers on: who may write an issuer must not reach them through the
 * controller (SSRF). Private ranges are not among them, since most PKIs live there.
 */
const refusedRanges: readonly (readonly [string, string])[] = [
  ["0.0.0.0/8", "an unspecified address"],
  ["::", "an unspecified address"],
  ["169.254.0.0/16", "a link-local address"],
  ["fe80::/10", "a link-local address"],
  ["100.100.100.200", "a cloud metadata address"],
  ["168.63.129.16", "a cloud metadata address"],
  ["192.0.0.192", "a cloud metadata address"],
  ["fd00:ec2::/32", "a cloud metadata address"],
  ["fd20:ce::254", "a cloud metadata address"],
  ["224.0.0.0/4", "a multicast address"],
  ["ff00::/8", "a multicast address"],
  ["240.0.0.0/4", "a reserved address"],
];

/** IPv6 prefixes in octets, and where an IPv4 address stands behind them: RFC 4291 §2.5.5, 6052 §2.1, 8215, 3056, 2765. */
const embeddings: readonly (readonly [readonly number[], number])[] = [
  [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff], 12],
  [[0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0], 12],
  [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 12],
  [[0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0], 12],
  [[0, 0x64, 0xff, 0x9b, 0, 1], 12],
  [[0x20, 0x02], 2],
];

/** Whether an address lies in a range. */
type Range = (address: string) => boolean;

/** A CIDR or a single address. Throws a TypeError for anything else. */
function rangeOf(text: string): Range {
  const [address = "", bits, more] = text.split("/");
  const family = isIP(address);
  const width = family === 6 ? 128 : 32;
  const prefix = bits === undefined ? width : /^\d{1,3}$/.test(bits) ? Number(bits) : -1;
  if (family === 0 || more !== undefined || prefix < 0 || prefix > width)
    throw new TypeError(`Expected \`allowAddresses\` to hold IP addresses and CIDRs, got \`${text}\``);
  const list = new BlockList();
  list.addSubnet(address, prefix, family === 6 ? "ipv6" : "ipv4");
  // Node takes an IPv4 address for its IPv4-mapped form, which lies in ::/0 for instance.
  return (other) => isIP(other) === family && list.check(other, family === 6 ? "ipv6" : "ipv4");
}

/** The address itself and the IPv4 address inside it, if it is one that a translator or the kernel unwraps. */
function formsOf(address: string): readonly string[] {
  const octets = parseIpAddress(address);
  if (octets?.length !== 16) return [address];
  const isPlain = octets.subarray(0, 15).every((octet) => octet === 0) && (octets[15] ?? 0) < 2;
  const embedding = embeddings.find(([prefix]) => prefix.every((octet, at) => octets[at] === octet));
  if (embedding === undefined || isPlain) return [address];
  return [address, formatIpAddress(octets.subarray(embedding[1], embedding[1] + 4))];
}

/** A URL's host name, IPv6 without brackets, that is loopback by its own text. */
export function isLoopbackLiteral(hostname: string): boolean {
  return (
    hostname === "localhost" || hostname === "::1" || (isIP(hostname) === 4 && hostname.startsWith("127."))
  );
}

/** Which addresses the policy is for. */
export interface AddressPolicyOptions {
  /**
   * Left out: loopback only by its own text (`localhost`, `127.…`, `[::1]`). True: also for names that resolve to it.
   * False: not at all.
   */
  readonly allowLoopback?: boolean | undefined;
  /** CIDRs and addresses that are reachable although they would be refused. */
  readonly allowAddresses?: readonly string[] | undefined;
}

/**
 * Decides which addresses a client connects to. It judges the address that is about to be connected to, not the name, so
 * a name that resolves differently the second time (DNS rebinding) gains nothing.
 */
export class AddressPolicy {
  readonly #allowed: readonly Range[];
  readonly #allowLoopback: boolean | undefined;
  readonly #loopback: readonly Range[] = ["127.0.0.0/8", "::1"].map(rangeOf);
  readonly #refused = refusedRanges.map(([range, words]) => ({ has: rangeOf(range), words }));

  /** Throws a TypeError for a malformed range. */
  constructor(options: AddressPolicyOptions) {
    this.#allowed = (options.allowAddresses ?? []).map(rangeOf);
    this.#allowLoopback = options.allowLoopback;
  }

  /** What kind of address this is that may not be connected to for the host name; undefined where it may be. */
  refusal(hostname: string, address: string): string | undefined {
    const bare = address.replace(/%.*$/, "");
    if (isIP(bare) === 0) return "not an IP address";
    const forms = formsOf(bare);
    const isIn = (ranges: readonly Range[]) => ranges.some((has) => forms.some(has));
    const isLoopback = isIn(this.#loopback);
    // Plain http is allowed to these names, so they must not lead off the machine.
    if (isLoopbackLiteral(hostname) && !isLoopback) return "not a loopback address";
    if (isIn(this.#allowed)) return undefined;
    if (isLoopback && !(this.#allowLoopback ?? isLoopbackLiteral(hostname))) return "a loopback address";
    return this.#refused.find(({ has }) => forms.some(has))?.words;
  }
}
