import { contextTag, tags } from "../../packages/signer/src/x509/der-reader.ts";
import {
  der,
  derNull,
  derOctetString,
  derOid,
  derSequence,
  derSmallInteger,
  derTrue,
} from "../../packages/signer/src/x509/der-writer.ts";
import {
  encodeBasicConstraints,
  encodeExtendedKeyUsage,
  encodeExtension,
  encodeKeyUsage,
} from "../../packages/signer/src/x509/extensions.ts";
import { ec } from "../../packages/signer/src/x509/hostile-csr-fixture.ts";
import { oids } from "../../packages/signer/src/x509/oid.ts";
import {
  attribute,
  attributesField,
  extensionRequest,
  generalName,
  sanExtension,
} from "../../packages/signer/src/x509/request-fixture.ts";
import type { CsrCase } from "./csr-case.ts";

type Spec = Pick<CsrCase, "isCA" | "usages" | "unknownCriticalExtensions" | "ours">;

const extensions = (name: string, encoded: readonly Uint8Array[], spec: Spec): CsrCase => ({
  name,
  request: () => ec({ extensions: encoded }),
  ...spec,
});
const keyUsage = (...words: readonly string[]) => encodeExtension(oids.keyUsage, true, encodeKeyUsage(words));
const extendedKeyUsage = (...words: readonly string[]) =>
  encodeExtension(oids.extendedKeyUsage, false, encodeExtendedKeyUsage(words));
const basicConstraints = (isCA: boolean, pathLength?: number) =>
  encodeExtension(oids.basicConstraints, true, encodeBasicConstraints({ isCA, pathLength }));
const rawKeyUsage = (...octets: readonly number[]) =>
  encodeExtension(oids.keyUsage, true, Uint8Array.of(tags.bitString, octets.length, ...octets));
const permitting = (base: Uint8Array, ...bounds: readonly Uint8Array[]) =>
  derSequence(der(contextTag(0, true), derSequence(base, ...bounds)));
const nameConstraints = (value: Uint8Array, critical = true) =>
  encodeExtension(oids.nameConstraints, critical, value);
const forDomain = permitting(generalName(2, "example.com"));
const unknownCritical = encodeExtension("1.2.3.4", true, derNull);

const issued = "issued" as const;
const signing = ["digital signature"];

/** What a CSR asks for against what its CertificateRequest asks for. */
export const profileCases: readonly CsrCase[] = [
  extensions("a CSR without usages", [], { ours: issued }),
  extensions("a CSR of the default usages", [keyUsage("digital signature", "key encipherment")], {
    ours: issued,
  }),
  extensions("a key usage that the spec lacks", [keyUsage("cert sign")], { ours: /key usages/ }),
  extensions("a key usage fewer than the spec", [keyUsage("digital signature")], { ours: /key usages/ }),
  extensions("a key usage that the spec has", [keyUsage("digital signature")], {
    usages: signing,
    ours: issued,
  }),
  extensions(
    "a key usage without bits, the spec with extended usages alone",
    [rawKeyUsage(0), extendedKeyUsage("server auth")],
    {
      usages: ["server auth"],
      ours: issued,
    },
  ),
  extensions("a key usage with trailing zero bits", [rawKeyUsage(0, 0x80)], {
    usages: signing,
    ours: issued,
  }),
  extensions("a key usage with unused bits that are set", [rawKeyUsage(7, 0xff)], {
    usages: signing,
    ours: /BIT STRING/,
  }),
  extensions("a key usage of three octets", [rawKeyUsage(0, 0x80, 0, 0)], { usages: signing, ours: issued }),
  extensions("an extended usage that the spec lacks", [extendedKeyUsage("code signing")], {
    usages: ["server auth"],
    ours: /extended key usages/,
  }),
  extensions("extended usages in another order", [extendedKeyUsage("client auth", "server auth")], {
    usages: ["server auth", "client auth"],
    ours: /extended key usages/,
  }),
  extensions("extended usages in the same order", [extendedKeyUsage("client auth", "server auth")], {
    usages: ["client auth", "server auth"],
    ours: issued,
  }),
  extensions("an extended usage twice in the CSR", [extendedKeyUsage("server auth", "server auth")], {
    usages: ["server auth"],
    ours: /extended key usages/,
  }),
  extensions("an extended usage twice in the spec", [extendedKeyUsage("server auth")], {
    usages: ["server auth", "server auth"],
    ours: /extended key usages/,
  }),
  extensions("an extended usage twice in both", [extendedKeyUsage("email protection", "email protection")], {
    usages: ["email protection", "s/mime"],
    ours: issued,
  }),
  extensions("an unknown extended usage", [extendedKeyUsage("1.2.3.4")], {
    usages: ["server auth"],
    ours: /extended key usages/,
  }),
  extensions(
    "an unknown extended usage beside a known one",
    [keyUsage("digital signature"), extendedKeyUsage("server auth", "1.2.3.4")],
    {
      usages: ["digital signature", "server auth"],
      ours: /extended key usages/,
    },
  ),
  extensions("any extended usage", [extendedKeyUsage("any")], { usages: ["any"], ours: issued }),
  extensions("every usage", [keyUsage(...everyKeyUsage()), extendedKeyUsage(...everyExtendedKeyUsage())], {
    usages: [...everyKeyUsage(), ...everyExtendedKeyUsage()],
    ours: issued,
  }),
  extensions("every usage, in the spec alone", [], {
    usages: [...everyKeyUsage(), ...everyExtendedKeyUsage()],
    ours: issued,
  }),
  extensions("a usage that nobody knows", [], { usages: ["world domination"], ours: /unknown usage/ }),
  extensions("a usage in capitals", [], { usages: ["Server Auth"], ours: /unknown usage/ }),
  extensions("signing, the other word", [keyUsage("digital signature")], {
    usages: ["signing"],
    ours: issued,
  }),
  extensions("CA:TRUE without isCA", [basicConstraints(true)], { ours: /CA:true/ }),
  extensions("CA:FALSE with isCA", [basicConstraints(false)], { isCA: true, ours: /CA:false/ }),
  extensions("CA:FALSE without isCA", [basicConstraints(false)], { ours: issued }),
  extensions("CA:TRUE with isCA", [basicConstraints(true)], { isCA: true, ours: issued }),
  extensions("isCA without basic constraints", [], { isCA: true, ours: issued }),
  extensions("a path length with isCA", [basicConstraints(true, 3)], { isCA: true, ours: issued }),
  extensions("a path length of 0 with isCA", [basicConstraints(true, 0)], { isCA: true, ours: issued }),
  extensions(
    "a path length below 0",
    [
      encodeExtension(
        oids.basicConstraints,
        true,
        derSequence(derTrue, der(tags.integer, Uint8Array.of(0xff))),
      ),
    ],
    {
      isCA: true,
      ours: /out of range/,
    },
  ),
  extensions(
    "CA:FALSE written out",
    [encodeExtension(oids.basicConstraints, true, derSequence(Uint8Array.of(1, 1, 0)))],
    {
      ours: issued,
    },
  ),
  extensions("isCA with the key usage that it adds", [keyUsage("digital signature", "cert sign")], {
    isCA: true,
    usages: signing,
    ours: issued,
  }),
  extensions("isCA without the key usage that it adds", [keyUsage("digital signature")], {
    isCA: true,
    usages: signing,
    ours: /key usages/,
  }),
  {
    name: "isCA without a subject",
    request: () => ec({ subject: derSequence() }),
    isCA: true,
    ours: /names nothing/,
  },
  {
    name: "isCA with a SAN, without a subject",
    request: () => ec({ subject: derSequence(), extensions: [sanExtension(generalName(2, "a.example"))] }),
    isCA: true,
    ours: /needs a subject/,
  },
  extensions("name constraints with isCA", [nameConstraints(forDomain)], { isCA: true, ours: issued }),
  extensions("name constraints that are not critical", [nameConstraints(forDomain, false)], {
    isCA: true,
    ours: issued,
  }),
  extensions("name constraints without isCA", [nameConstraints(forDomain)], { ours: /only CA certificates/ }),
  extensions(
    "name constraints of every form",
    [
      nameConstraints(
        derSequence(
          der(
            contextTag(0, true),
            derSequence(generalName(1, "example.com")),
            derSequence(generalName(6, ".example.com")),
            derSequence(generalName(7, Uint8Array.of(10, 0, 0, 0, 255, 0, 0, 0))),
          ),
          der(contextTag(1, true), derSequence(generalName(2, "evil.example.com"))),
        ),
      ),
    ],
    { isCA: true, ours: issued },
  ),
  extensions(
    "name constraints with a minimum",
    [nameConstraints(permitting(generalName(2, "a"), der(contextTag(0, false), Uint8Array.of(0))))],
    {
      isCA: true,
      ours: /subtree/,
    },
  ),
  extensions(
    "name constraints on a directoryName",
    [nameConstraints(permitting(der(contextTag(4, true), derSequence())))],
    {
      isCA: true,
      ours: /not supported/,
    },
  ),
  extensions(
    "name constraints with holes in a mask",
    [nameConstraints(permitting(generalName(7, Uint8Array.of(10, 0, 0, 0, 255, 0, 255, 0))))],
    {
      isCA: true,
      ours: /IP range/,
    },
  ),
  extensions("an unknown critical extension", [unknownCritical], { ours: /critical extension/ }),
  extensions("an unknown critical extension that may be dropped", [unknownCritical], {
    unknownCriticalExtensions: "drop",
    ours: issued,
  }),
  extensions("an unknown extension", [encodeExtension("1.2.3.4", false, derNull)], { ours: issued }),
  extensions(
    "a subject key identifier",
    [encodeExtension("2.5.29.14", false, derOctetString(new Uint8Array(20)))],
    {
      ours: issued,
    },
  ),
  extensions(
    "an extension that says that it is not critical",
    [derSequence(derOid("1.2.3.4"), Uint8Array.of(1, 1, 0), derOctetString(derNull))],
    {
      ours: issued,
    },
  ),
  {
    name: "a challenge password",
    request: () =>
      ec({
        attributes: attributesField(
          attribute("1.2.840.113549.1.9.7", der(tags.utf8String, Buffer.from("secret"))),
        ),
      }),
    ours: issued,
  },
  {
    name: "two extension requests that both ask for something",
    request: () =>
      ec({
        attributes: attributesField(
          extensionRequest(encodeExtension("1.2.3.4", false, derNull)),
          extensionRequest(encodeExtension("1.2.3.4", false, derNull)),
        ),
      }),
    ours: /exactly one extension request/,
  },
  {
    name: "an extension request whose value is a path length",
    request: () => ec({ attributes: attributesField(attribute(oids.extensionRequest, derSmallInteger(1))) }),
    ours: /unexpected ASN.1 type/,
  },
];

function everyKeyUsage(): string[] {
  return [
    "digital signature",
    "content commitment",
    "key encipherment",
    "data encipherment",
    "key agreement",
    "cert sign",
    "crl sign",
    "encipher only",
    "decipher only",
  ];
}

function everyExtendedKeyUsage(): string[] {
  return [
    "any",
    "server auth",
    "client auth",
    "code signing",
    "email protection",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "timestamping",
    "ocsp signing",
    "microsoft sgc",
    "netscape sgc",
  ];
}
