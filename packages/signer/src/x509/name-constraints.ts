import { isIP } from "node:net";
import { toLatin1 } from "./bytes.ts";
import { contextTag, type DerElement, readDer, readSequence } from "./der-reader.ts";
import type { SubjectNames } from "./general-names.ts";
import { parseIpAddress } from "./ip-address.ts";
import { Refusal } from "./refusal.ts";

/** One subtree: the form of name and its base, text or address with mask. */
type Subtree =
  | { readonly form: "dns" | "email" | "uri"; readonly base: string }
  | { readonly form: "ip"; readonly address: Uint8Array; readonly mask: Uint8Array };

/** NameConstraints (RFC 5280 §4.2.1.10) over DNS names, e-mail addresses, URIs and IP addresses. */
export interface NameConstraints {
  readonly permitted: readonly Subtree[];
  readonly excluded: readonly Subtree[];
}

const what = "the name constraints extension";

/**
 * Reads NameConstraints. In a `request` other forms of name are refused, as in cert-manager; in a CA `certificate` they are
 * passed over and left to verifiers, and so are the minimum and maximum that RFC 5280 forbids.
 */
export function readNameConstraints(value: Uint8Array, origin: "request" | "certificate"): NameConstraints {
  const fields = readSequence(readDer(value, what), what);
  let count = 0;
  const subtreesOf = (number: number): Subtree[] => {
    if (fields[0]?.tag !== contextTag(number, true)) return [];
    return (fields.shift()?.children() ?? []).flatMap((subtree) => {
      count += 1;
      return readSubtree(subtree, origin === "certificate");
    });
  };
  const permitted = subtreesOf(0);
  const excluded = subtreesOf(1);
  if (fields.length > 0) throw new Refusal(`${what} is malformed`);
  if (count === 0) throw new Refusal(`${what} is empty`);
  return { permitted, excluded };
}

function readSubtree(element: DerElement, passOver: boolean): Subtree[] {
  const [base, ...bounds] = readSequence(element, what);
  if (base === undefined || (bounds.length > 0 && !passOver))
    throw new Refusal(`${what} has a malformed subtree`);
  const forms = new Map<number, "email" | "dns" | "uri">([
    [contextTag(1, false), "email"],
    [contextTag(2, false), "dns"],
    [contextTag(6, false), "uri"],
  ]);
  const { content } = base;
  if (base.tag === contextTag(7, false)) {
    const half = content.length / 2;
    const [address, mask] = [content.subarray(0, half), content.subarray(half)];
    if ((half !== 4 && half !== 16) || !isPrefixMask(mask))
      throw new Refusal(`${what} has a malformed IP range`);
    return [{ form: "ip", address, mask }];
  }
  const form = forms.get(base.tag);
  if (form === undefined && passOver) return [];
  if (form === undefined) throw new Refusal(`${what} constrains a form of name that is not supported`);
  const text = toLatin1(content);
  if (!isBase(form, text))
    throw new Refusal(`${what} has a malformed base`, "use domains without a trailing dot");
  return [{ form, base: text.toLowerCase() }];
}

/** What Go takes for a base, so that it can parse the certificate: a domain, with or without a leading dot, or a mailbox. */
function isBase(form: "dns" | "email" | "uri", text: string): boolean {
  if (form === "email" && text.includes("@"))
    return /^[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$/.test(text);
  if (form === "uri" && isIP(text) !== 0) return false;
  return text === "" || /^\.?[\x21-\x2d\x2f-\x7e]+(\.[\x21-\x2d\x2f-\x7e]+)*$/.test(text);
}

function isPrefixMask(mask: Uint8Array): boolean {
  const bits = [...mask].map((octet) => octet.toString(2).padStart(8, "0")).join("");
  return /^1*0*$/.test(bits);
}

/**
 * The names that the constraints do not allow, for people; empty if all pass. Only the subject's commonName is taken from
 * the subject, and only where it looks like a DNS name and there is no DNS name beside it, as OpenSSL does.
 */
export function nameConstraintViolations(
  constraints: NameConstraints,
  names: SubjectNames,
  commonName?: string,
): string[] {
  const fromSubject =
    names.dns.length === 0 &&
    commonName !== undefined &&
    /^[A-Za-z0-9*_-]+(\.[A-Za-z0-9_-]+)+$/.test(commonName)
      ? [commonName]
      : [];
  const check = (form: Subtree["form"], values: readonly string[]): string[] =>
    values.filter((value) => !isAllowed(constraints, form, value)).map((value) => `${form} ${value}`);
  return [
    ...check("dns", [...names.dns, ...fromSubject]),
    ...check("email", names.email),
    ...check("uri", names.uri),
    ...check("ip", names.ip),
  ];
}

function isAllowed(constraints: NameConstraints, form: Subtree["form"], value: string): boolean {
  const permitted = constraints.permitted.filter((subtree) => subtree.form === form);
  if (permitted.length > 0 && !permitted.some((subtree) => isWithin(subtree, value))) return false;
  return !constraints.excluded.some((subtree) => subtree.form === form && isWithin(subtree, value));
}

function isWithin(subtree: Subtree, value: string): boolean {
  switch (subtree.form) {
    case "ip": {
      const octets = parseIpAddress(value);
      if (octets?.length !== subtree.address.length) return false;
      return octets.every((octet, i) => ((octet ^ (subtree.address[i] ?? 0)) & (subtree.mask[i] ?? 0)) === 0);
    }
    case "dns":
      return isWithinDomain(subtree.base, value, true);
    case "email": {
      const host = value.slice(value.lastIndexOf("@") + 1);
      return subtree.base.includes("@")
        ? value.toLowerCase() === subtree.base
        : isWithinDomain(subtree.base, host, subtree.base.startsWith("."));
    }
    case "uri": {
      const host = /^[^:]*:\/\/(?:[^/?#]*@)?([^/?#:]*)/.exec(value)?.[1] ?? "";
      return isWithinDomain(subtree.base, host, subtree.base.startsWith("."));
    }
  }
}

/** An empty base covers every host; a base with a leading dot covers subdomains only. */
function isWithinDomain(base: string, host: string, subdomains: boolean): boolean {
  const name = host.toLowerCase().replace(/\.$/, "");
  if (base === "") return true;
  if (base.startsWith(".")) return name.endsWith(base);
  return name === base || (subdomains && name.endsWith(`.${base}`));
}
