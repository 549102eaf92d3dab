import { tags } from "../../packages/signer/src/x509/der-reader.ts";
import {
  encodeExtendedKeyUsage,
  encodeExtension,
  encodeKeyUsage,
} from "../../packages/signer/src/x509/extensions.ts";
import { ec } from "../../packages/signer/src/x509/hostile-csr-fixture.ts";
import { oids } from "../../packages/signer/src/x509/oid.ts";
import type { CsrCase } from "./csr-case.ts";

/** A sound request with these extensions, against a spec. */
export function extensions(
  name: string,
  encoded: readonly Uint8Array[],
  spec: Pick<CsrCase, "isCA" | "usages" | "unknownCriticalExtensions" | "ours">,
): CsrCase {
  return { name, request: () => ec({ extensions: encoded }), ...spec };
}

const keyUsage = (...words: readonly string[]) => encodeExtension(oids.keyUsage, true, encodeKeyUsage(words));
const extendedKeyUsage = (...words: readonly string[]) =>
  encodeExtension(oids.extendedKeyUsage, false, encodeExtendedKeyUsage(words));
const rawKeyUsage = (...octets: readonly number[]) =>
  encodeExtension(oids.keyUsage, true, Uint8Array.of(tags.bitString, octets.length, ...octets));

const issued = "issued" as const;
const signing = ["digital signature"];

/** Usages in the CSR against those of its CertificateRequest. */
export const usageCases: readonly CsrCase[] = [
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
