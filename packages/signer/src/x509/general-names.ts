import { toLatin1 } from "./bytes.ts";
import { contextTag, type DerElement, readDer, readOid, readSequence } from "./der-reader.ts";
import { readName } from "./distinguished-name.ts";
import { formatIpAddress } from "./ip-address.ts";
import { decodeOid } from "./oid.ts";
import { quoteForeign, Refusal } from "./refusal.ts";
import { uriProblem, uriReferenceProblem } from "./uri.ts";

/** A GeneralName that is neither DNS, IP, URI nor e-mail. */
export interface OtherGeneralName {
  readonly type: "otherName" | "directoryName" | "registeredID" | "x400Address" | "ediPartyName";
  /** The GeneralName as it was encoded. */
  readonly der: Uint8Array;
}

/** The subject alternative names of a request or certificate, each list in the order of the encoding. */
export interface SubjectNames {
  readonly dns: readonly string[];
  /** Dotted IPv4, or IPv6 in the form of RFC 5952. */
  readonly ip: readonly string[];
  readonly uri: readonly string[];
  readonly email: readonly string[];
  readonly other: readonly OtherGeneralName[];
}

/** No names. */
export const noNames: SubjectNames = Object.freeze({ dns: [], ip: [], uri: [], email: [], other: [] });

const what = "the subject alternative name extension";

/**
 * Reads the value of a subjectAltName extension (RFC 5280 §4.2.1.6). In a `request` every name must also be one that a
 * verifier can use: this is stricter than cert-manager, which issues an empty list, empty names, spaces and NUL unchanged.
 */
export function readSubjectAltName(der: Uint8Array, origin: "request" | "certificate"): SubjectNames {
  const elements = readSequence(readDer(der, what), what);
  if (elements.length === 0)
    throw new Refusal(`${what} is empty`, "leave the extension out or name something in it");
  const dns: string[] = [];
  const ip: string[] = [];
  const uri: string[] = [];
  const email: string[] = [];
  const other: OtherGeneralName[] = [];
  const checked = origin === "request";
  for (const element of elements) {
    switch (element.tag) {
      case contextTag(1, false):
        email.push(readText(element, "e-mail address", checked ? emailProblem : undefined));
        break;
      case contextTag(2, false):
        dns.push(readText(element, "DNS name", checked ? dnsNameProblem : undefined));
        break;
      case contextTag(6, false):
        uri.push(readText(element, "URI", checked ? uriProblem : uriReferenceProblem));
        break;
      case contextTag(7, false):
        ip.push(readIp(element));
        break;
      default:
        other.push(readOther(element, checked));
    }
  }
  return { dns, ip, uri, email, other };
}

function readText(
  element: DerElement,
  kind: string,
  problemOf: ((text: string) => string | undefined) | undefined,
) {
  const text = toLatin1(element.content);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: IA5String is exactly these 128 characters.
  const problem = /^[\x00-\x7f]*$/.test(text)
    ? problemOf?.(text)
    : "is not ASCII; internationalized names need Punycode";
  if (problem !== undefined) throw new Refusal(`the ${kind} ${quoteForeign(text)} ${problem}`);
  return text;
}

function readIp(element: DerElement): string {
  const { content } = element;
  if (content.length !== 4 && content.length !== 16)
    throw new Refusal(
      `an IP address has ${content.length} bytes`,
      "IP addresses have 4 or 16 bytes, without a mask",
    );
  return formatIpAddress(content);
}

function readOther(element: DerElement, checked: boolean): OtherGeneralName {
  const type = otherType(element.tag);
  if (type === undefined) throw new Refusal(`${what} has a name of unknown type`);
  if (checked) {
    if (type === "x400Address" || type === "ediPartyName")
      throw new Refusal(
        `a name of type ${type} is not supported`,
        "use DNS, IP, URI, e-mail, otherName or directoryName",
      );
    if (type === "directoryName") readName(element.children()[0], "a directoryName");
    if (type === "registeredID") decodeOid(element.content, "a registeredID");
    if (type === "otherName") readOtherName(element);
  }
  return { type, der: element.der };
}

function otherType(tag: number): OtherGeneralName["type"] | undefined {
  switch (tag) {
    case contextTag(0, true):
      return "otherName";
    case contextTag(3, true):
      return "x400Address";
    case contextTag(4, true):
      return "directoryName";
    case contextTag(5, true):
      return "ediPartyName";
    case contextTag(8, false):
      return "registeredID";
    default:
      return undefined;
  }
}

function readOtherName(element: DerElement): void {
  const [typeId, value, ...rest] = element.children();
  readOid(typeId, "an otherName");
  if (value?.tag !== contextTag(0, true) || value.children().length !== 1 || rest.length > 0)
    throw new Refusal("an otherName is malformed");
}

/** What is wrong with a dNSName: letters, digits, hyphen, underscore and `*` in labels of 1–63, at most 253 in all. */
function dnsNameProblem(name: string): string | undefined {
  if (name === "") return "is empty";
  if (name.length > 253) return "is longer than 253 characters";
  if (!/^[A-Za-z0-9_*.-]+$/.test(name)) return "has characters that no DNS name has";
  // One trailing dot is let through: cert-manager lets users ask for the absolute form.
  const labels = (name.endsWith(".") ? name.slice(0, -1) : name).split(".");
  return labels.every((label) => label.length > 0 && label.length <= 63)
    ? undefined
    : "has an empty or overlong label";
}

function emailProblem(address: string): string | undefined {
  return /^[\x21-\x3f\x41-\x7e]+@[A-Za-z0-9._\-[\]:]+$/.test(address)
    ? undefined
    : "is not of the form local@domain";
}
