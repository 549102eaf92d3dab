import { contextTag, tags } from "./der-reader.ts";
import { der, derNull, derOctetString, derOid, derSequence, derSmallInteger, derTrue } from "./der-writer.ts";
import { encodeExtension } from "./extensions.ts";
import { dns, ec, type HostileCase, withSan } from "./hostile-csr-fixture.ts";
import { oids } from "./oid.ts";
import { generalName, nameOf } from "./request-fixture.ts";

const extension = (oid: string, value: Uint8Array, critical = false): Uint8Array =>
  encodeExtension(oid, critical, value);

/** Requests with malformed names or extensions. */
export const hostileNames: readonly HostileCase[] = [
  [
    "a PrintableString with @",
    () => ec({ subject: nameOf("2.5.4.3", tags.printableString, "a@b") }),
    /not a valid string/,
  ],
  [
    "a PrintableString with _",
    () => ec({ subject: nameOf("2.5.4.3", tags.printableString, "a_b") }),
    /not a valid string/,
  ],
  [
    "bad UTF-8",
    () => ec({ subject: nameOf("2.5.4.3", tags.utf8String, Uint8Array.of(0xc3, 0x28)) }),
    /not a valid string/,
  ],
  [
    "overlong UTF-8",
    () => ec({ subject: nameOf("2.5.4.3", tags.utf8String, Uint8Array.of(0xc0, 0xaf)) }),
    /not a valid string/,
  ],
  [
    "UTF-8 of a surrogate",
    () => ec({ subject: nameOf("2.5.4.3", tags.utf8String, Uint8Array.of(0xed, 0xa0, 0x80)) }),
    /not a valid string/,
  ],
  [
    "NUL in the common name",
    () => ec({ subject: nameOf("2.5.4.3", tags.utf8String, "good.example.com\0.evil.com") }),
    /NUL/,
  ],
  [
    "a UniversalString",
    () => ec({ subject: nameOf("2.5.4.3", 0x1c, Uint8Array.of(0, 0, 0, 65)) }),
    /not a valid string/,
  ],
  [
    "an OCTET STRING in the name",
    () => ec({ subject: nameOf("2.5.4.3", tags.octetString, "a") }),
    /not a valid string/,
  ],
  [
    "an IA5String that is not ASCII",
    () => ec({ subject: nameOf("0.9.2342.19200300.100.1.25", tags.ia5String, "\xe9") }),
    /not a valid string/,
  ],
  ["an odd BMPString", () => ec({ subject: nameOf("2.5.4.3", tags.bmpString, "abc") }), /not a valid string/],
  [
    "a BMPString with a surrogate",
    () => ec({ subject: nameOf("2.5.4.3", tags.bmpString, Uint8Array.of(0xd8, 0)) }),
    /not a valid string/,
  ],
  ["an empty relative name", () => ec({ subject: derSequence(der(tags.set)) }), /empty relative name/],
  [
    "a name attribute of three parts",
    () => ec({ subject: derSequence(der(tags.set, derSequence(derOid("2.5.4.3"), derNull, derNull))) }),
    /malformed attribute/,
  ],
  ["an IP address of 5 bytes", () => withSan(generalName(7, new Uint8Array(5))), /5 bytes/],
  ["an IP address with a mask", () => withSan(generalName(7, new Uint8Array(8))), /8 bytes/],
  ["an empty IP address", () => withSan(generalName(7, new Uint8Array())), /0 bytes/],
  ["a DNS name that is not ASCII", () => dns("b\xfccher.example"), /not ASCII/],
  ["an empty DNS name", () => dns(""), /is empty/],
  ["a DNS name with NUL", () => dns("good.example\0.evil"), /no DNS name has/],
  ["a DNS name with a space", () => dns("a b.example"), /no DNS name has/],
  ["a DNS name with a comma", () => dns("a.example,DNS:b.example"), /no DNS name has/],
  ["a DNS name with an empty label", () => dns("a..example"), /label/],
  ["a DNS name with a leading dot", () => dns(".example"), /label/],
  [
    "a DNS name of 254 characters",
    () => dns("a".repeat(60).concat(".").repeat(4).concat("a".repeat(10))),
    /253/,
  ],
  ["a URI with a space", () => withSan(generalName(6, "https://a b/")), /no URI has/],
  ["a URI without scheme", () => withSan(generalName(6, "example.com/x")), /no scheme/],
  ["a URI with a bad percent escape", () => withSan(generalName(6, "https://a/%zz")), /percent escape/],
  ["a URI with a bad port", () => withSan(generalName(6, "https://a:b/")), /host or port/],
  ["a URI with a bad IPv6 host", () => withSan(generalName(6, "https://[::1/")), /IPv6 host/],
  ["a URI that is not ASCII", () => withSan(generalName(6, "https://\xfc/")), /not ASCII/],
  ["an empty URI", () => withSan(generalName(6, "")), /no scheme/],
  ["an e-mail address without @", () => withSan(generalName(1, "nobody")), /local@domain/],
  ["an e-mail address with a newline", () => withSan(generalName(1, "a@b.c\nBcc: x@y.z")), /local@domain/],
  ["an empty SAN", () => withSan(), /is empty/],
  [
    "a SAN with trailing garbage",
    () =>
      ec({
        extensions: [
          extension(
            oids.subjectAltName,
            Buffer.concat([derSequence(generalName(2, "a.example")), Uint8Array.of(0)]),
          ),
        ],
      }),
    /trailing bytes/,
  ],
  [
    "a SAN that is an OCTET STRING",
    () => ec({ extensions: [extension(oids.subjectAltName, derOctetString(derNull))] }),
    /unexpected ASN.1 type/,
  ],
  ["an x400Address", () => withSan(der(contextTag(3, true), derSequence())), /x400Address/],
  ["an ediPartyName", () => withSan(der(contextTag(5, true), derSequence())), /ediPartyName/],
  ["a SAN of an unknown type", () => withSan(generalName(9, "x")), /unknown type/],
  [
    "a constructed DNS name",
    () => withSan(der(contextTag(2, true), derOctetString(Uint8Array.of(97)))),
    /unknown type/,
  ],
  [
    "an otherName without value",
    () => withSan(der(contextTag(0, true), derOid("1.2.3"))),
    /otherName is malformed/,
  ],
  [
    "an empty key usage sequence",
    () => ec({ extensions: [extension(oids.keyUsage, derSequence())] }),
    /unexpected ASN.1 type/,
  ],
  [
    "unknown key usage bits",
    () => ec({ extensions: [extension(oids.keyUsage, Uint8Array.of(3, 3, 4, 0x80, 0x10))] }),
    /unknown bits/,
  ],
  [
    "an empty extended key usage",
    () => ec({ extensions: [extension(oids.extendedKeyUsage, derSequence())] }),
    /is empty/,
  ],
  [
    "a path length without CA",
    () => ec({ extensions: [extension(oids.basicConstraints, derSequence(derSmallInteger(1)))] }),
    /no CA/,
  ],
  [
    "basic constraints with more fields",
    () =>
      ec({
        extensions: [extension(oids.basicConstraints, derSequence(derTrue, derSmallInteger(1), derNull))],
      }),
    /malformed/,
  ],
  [
    "empty name constraints",
    () => ec({ extensions: [extension(oids.nameConstraints, derSequence())] }),
    /is empty/,
  ],
];
