import { contextTag, tags } from "../../packages/signer/src/x509/der-reader.ts";
import {
  der,
  derNull,
  derOctetString,
  derOid,
  derSequence,
  derSmallInteger,
} from "../../packages/signer/src/x509/der-writer.ts";
import { encodeName } from "../../packages/signer/src/x509/encode-name.ts";
import { encodeExtension } from "../../packages/signer/src/x509/extensions.ts";
import { dns, ec, withSan } from "../../packages/signer/src/x509/hostile-csr-fixture.ts";
import { oids } from "../../packages/signer/src/x509/oid.ts";
import { generalName, nameOf, sanExtension } from "../../packages/signer/src/x509/request-fixture.ts";
import type { CsrCase } from "./csr-case.ts";

const commonName = "2.5.4.3";
const domainComponent = "0.9.2342.19200300.100.1.25";

function attributeOf(oid: string, tag: number, value: string): Uint8Array {
  return derSequence(derOid(oid), der(tag, Buffer.from(value, "latin1")));
}

function subject(name: string, value: Uint8Array, ours: CsrCase["ours"] = "issued"): CsrCase {
  return { name, request: () => ec({ subject: value }), ours };
}

function san(name: string, value: Uint8Array, ours: CsrCase["ours"] = "issued"): CsrCase {
  return { name, request: () => withSan(value), ours };
}

const utf8Principal = derSequence(derOid("1.3.6.1.4.1.311.20.2.3"));
const otherName = der(
  contextTag(0, true),
  derOid("1.3.6.1.4.1.311.20.2.3"),
  der(contextTag(0, true), der(tags.utf8String, Buffer.from("user@example.com"))),
);

/** Subjects and subject alternative names: every form that is issued, and what the toolkit's own tables lack. */
export const nameCases: readonly CsrCase[] = [
  subject("a NumericString", nameOf(commonName, tags.numericString, "12 34")),
  subject("a NumericString with a letter", nameOf(commonName, tags.numericString, "12a"), /not a valid/),
  subject("a TeletexString", nameOf(commonName, tags.t61String, "caf\xe9")),
  subject("a BMPString", nameOf(commonName, tags.bmpString, Uint8Array.of(0, 65, 1, 0))),
  subject("a VisibleString", nameOf(commonName, 0x1a, "abc"), /not a valid/),
  subject("a GeneralString", nameOf(commonName, 0x1b, "abc"), /not a valid/),
  subject(
    "an INTEGER for a name",
    derSequence(der(tags.set, derSequence(derOid(commonName), derSmallInteger(7)))),
    /not a valid/,
  ),
  subject("a PrintableString with an asterisk", nameOf(commonName, tags.printableString, "*.example.com")),
  subject("an empty common name", nameOf(commonName, tags.utf8String, "")),
  subject("a common name of 65 characters", nameOf(commonName, tags.utf8String, "a".repeat(65))),
  subject("a common name with control characters", nameOf(commonName, tags.utf8String, "a\x01\x7f\nb")),
  subject("UTF-8 of a noncharacter", nameOf(commonName, tags.utf8String, Buffer.from("\uffff"))),
  subject("UTF-8 beyond the first plane", nameOf(commonName, tags.utf8String, Buffer.from("𝒳"))),
  subject("a domain component", nameOf(domainComponent, tags.ia5String, "example")),
  subject("an attribute of an unknown type", nameOf("1.2.3.4.5", tags.utf8String, "x")),
  subject(
    "a relative name of two attributes",
    derSequence(
      der(
        tags.set,
        attributeOf("2.5.4.3", tags.utf8String, "a"),
        attributeOf("2.5.4.10", tags.utf8String, "b"),
      ),
    ),
  ),
  subject(
    "a relative name of two attributes in the wrong order",
    derSequence(
      der(
        tags.set,
        attributeOf("2.5.4.10", tags.utf8String, "b"),
        attributeOf("2.5.4.3", tags.utf8String, "a"),
      ),
    ),
  ),
  subject(
    "two common names",
    encodeName([
      { type: "CN", value: "a" },
      { type: "CN", value: "b" },
    ]),
  ),
  subject(
    "a subject of every usual attribute",
    encodeName(["C", "ST", "L", "O", "OU", "CN", "2.5.4.5"].map((type) => ({ type, value: "XY" }))),
  ),
  subject("a subject that is a SET", der(tags.set), /unexpected ASN.1 type/),
  { name: "no subject and no SAN", request: () => ec({ subject: derSequence() }), ours: /names nothing/ },
  {
    name: "no subject, a SAN that is not critical",
    request: () => ec({ subject: derSequence(), extensions: [sanExtension(generalName(2, "a.example"))] }),
    ours: "issued",
  },
  {
    name: "a critical SAN beside a subject",
    request: () =>
      ec({
        extensions: [encodeExtension(oids.subjectAltName, true, derSequence(generalName(2, "a.example")))],
      }),
    ours: "issued",
  },
  { name: "a DNS name", request: () => dns("a.example.com"), ours: "issued" },
  { name: "a wildcard", request: () => dns("*.example.com"), ours: "issued" },
  { name: "a wildcard in the middle", request: () => dns("a.*.example.com"), ours: "issued" },
  { name: "an absolute DNS name", request: () => dns("a.example.com."), ours: "issued" },
  { name: "a DNS name with an underscore", request: () => dns("_x.example.com"), ours: "issued" },
  { name: "a DNS name of one label", request: () => dns("localhost"), ours: "issued" },
  { name: "a DNS name in Punycode", request: () => dns("xn--bcher-kva.example"), ours: "issued" },
  { name: "a DNS name that is an IP address", request: () => dns("10.0.0.1"), ours: "issued" },
  { name: "a DNS name with a hyphen in front", request: () => dns("-a.example"), ours: "issued" },
  { name: "a DNS name with a slash", request: () => dns("a/b.example"), ours: /no DNS name has/ },
  { name: "a DNS label of 64 characters", request: () => dns(`${"a".repeat(64)}.example`), ours: /label/ },
  san("an IPv4 address", generalName(7, Uint8Array.of(10, 0, 0, 1))),
  san("an IPv6 address", generalName(7, new Uint8Array(16).fill(1))),
  san(
    "an IPv4-mapped IPv6 address",
    generalName(7, Uint8Array.of(...new Uint8Array(10), 255, 255, 10, 0, 0, 1)),
  ),
  san("an https URI", generalName(6, "https://user@example.com:8443/a?b=c#d")),
  san("a SPIFFE ID", generalName(6, "spiffe://cluster.local/ns/a/sa/b")),
  san("a URN", generalName(6, "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6")),
  san("a URI with an IPv6 host", generalName(6, "https://[2001:db8::1]:443/")),
  san("a URI with a zone in its host", generalName(6, "https://[fe80::1%25eth0]/"), /IPv6 host/),
  san("a URI with an empty host", generalName(6, "file:///etc/hosts")),
  san("a URI with a percent escape in its host", generalName(6, "https://a%20b/"), /host or port/),
  san("a URI with two ports", generalName(6, "https://a:1:2/"), /host or port/),
  san("a URI with a trailing dot in its host", generalName(6, "https://example.com./"), /empty label/),
  san("an e-mail address", generalName(1, "a@example.com")),
  san("an e-mail address with tags", generalName(1, "a+b=c@example.com")),
  san("an e-mail address that is not ASCII", generalName(1, "\xe9@example.com"), /not ASCII/),
  san("an empty e-mail address", generalName(1, ""), /local@domain/),
  san("an otherName of a principal", otherName),
  san(
    "an otherName of two values",
    der(contextTag(0, true), derOid("1.2.3"), der(contextTag(0, true), derNull, derNull)),
    /otherName/,
  ),
  san("an otherName without explicit tag", der(contextTag(0, true), derOid("1.2.3"), derNull), /otherName/),
  san(
    "an otherName whose type is a SEQUENCE",
    der(contextTag(0, true), utf8Principal, der(contextTag(0, true), derNull)),
    /otherName/,
  ),
  san("a directoryName", der(contextTag(4, true), encodeName([{ type: "CN", value: "x" }]))),
  san("a directoryName that is no name", der(contextTag(4, true), derNull), /directoryName/),
  san("a registeredID", der(contextTag(8, false), Uint8Array.of(0x2a, 3, 4))),
  san("a DNS name of universal type", derOctetString(Buffer.from("a.example")), /unknown type/),
  {
    name: "300 DNS names",
    request: () => withSan(...Array.from({ length: 300 }, (_, i) => generalName(2, `host-${i}.example.com`))),
    ours: "issued",
  },
];
