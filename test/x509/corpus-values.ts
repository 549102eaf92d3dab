import type { BuildCertificateOptions, KeyAlgorithm } from "@countersign/issuer-core";
import { contextTag, tags } from "../../packages/signer/src/x509/der-reader.ts";
import { der, derOid, derSequence } from "../../packages/signer/src/x509/der-writer.ts";
import { encodeName } from "../../packages/signer/src/x509/encode-name.ts";
import { generalName } from "../../packages/signer/src/x509/request-fixture.ts";

/** Kinds of key, for CAs and subjects. */
export const keyAlgorithms: Readonly<Record<string, KeyAlgorithm>> = {
  "RSA-2048": { name: "RSA", modulusLength: 2048 },
  "RSA-3072": { name: "RSA", modulusLength: 3072 },
  "RSA-4096": { name: "RSA", modulusLength: 4096 },
  "RSA-PSS": { name: "RSA-PSS", modulusLength: 2048 },
  "P-256": { name: "EC", curve: "P-256" },
  "P-384": { name: "EC", curve: "P-384" },
  "P-521": { name: "EC", curve: "P-521" },
  Ed25519: { name: "Ed25519" },
};

const principal = der(
  contextTag(0, true),
  derOid("1.3.6.1.4.1.311.20.2.3"),
  der(contextTag(0, true), der(tags.utf8String, Buffer.from("user@example.com"))),
);
/** Subject alternative names, encoded. */
export const names: Readonly<Record<string, readonly Uint8Array[]>> = {
  "one DNS name": [generalName(2, "a.example.com")],
  "DNS names and a wildcard": [generalName(2, "a.example.com"), generalName(2, "*.b.example.com")],
  "IP addresses": [
    generalName(7, Uint8Array.of(192, 0, 2, 1)),
    generalName(7, Buffer.from("20010db8000000000000000000000001", "hex")),
  ],
  "a SPIFFE ID": [generalName(6, "spiffe://example.com/ns/a/sa/b")],
  "an e-mail address": [generalName(1, "a@example.com")],
  "every form": [
    generalName(2, "a.example.com"),
    generalName(7, Uint8Array.of(192, 0, 2, 1)),
    generalName(6, "https://example.com/a?b#c"),
    generalName(1, "a@example.com"),
    principal,
    der(contextTag(4, true), encodeName([{ type: "CN", value: "x" }])),
    der(contextTag(8, false), derOid("1.3.6.1.4.1.32473.1").subarray(2)),
  ],
  "150 DNS names": Array.from({ length: 150 }, (_, i) => generalName(2, `h${i}.example.com`)),
  "no SAN": [],
};

/** Subjects, encoded. */
export const subjects: Readonly<Record<string, Uint8Array>> = {
  "a common name": encodeName([{ type: "CN", value: "a.example.com" }]),
  "a full name": encodeName([
    { type: "C", value: "DE" },
    { type: "ST", value: "Baden-Württemberg" },
    { type: "L", value: "Tübingen" },
    { type: "O", value: "Example & Söhne" },
    { type: "OU", value: "PKI" },
    { type: "CN", value: "日本語" },
  ]),
  "domain components": encodeName([
    { type: "DC", value: "com" },
    { type: "DC", value: "example" },
    { type: "CN", value: "a" },
  ]),
  "no subject": derSequence(),
};

/** What leaves are asked to be for, in cert-manager's words. */
export const usages: Readonly<Record<string, readonly string[]>> = {
  "default usages": [],
  "server auth": ["digital signature", "server auth"],
  "client and server auth": ["digital signature", "client auth", "server auth"],
  "code signing": ["digital signature", "code signing"],
  "email protection": ["digital signature", "content commitment", "email protection"],
  timestamping: ["digital signature", "timestamping"],
  "client auth": ["digital signature", "key agreement", "client auth"],
};

/** The same for CAs. */
export const caUsages: Readonly<Record<string, readonly string[]>> = {
  "cert sign": ["cert sign"],
  "cert and crl sign": ["cert sign", "crl sign", "digital signature"],
};

/** Beginning of every validity. */
export const start = new Date("2026-03-01T12:00:00Z");
/** Ends of validity. */
export const ends: Readonly<Record<string, Date>> = {
  "an hour": new Date("2026-03-01T13:00:00Z"),
  "90 days": new Date("2026-05-30T12:00:00Z"),
  "to the last second of UTCTime": new Date("2049-12-31T23:59:59Z"),
  "to the first second of GeneralizedTime": new Date("2050-01-01T00:00:00Z"),
  "to 2061": new Date("2061-07-04T05:06:07Z"),
};

/** What the issuer adds: where a verifier finds more, and policies. */
export const additions: Readonly<Record<string, Partial<BuildCertificateOptions>>> = {
  "no URLs": {},
  "every URL": {
    crlDistributionPoints: ["http://crl.example.com/a.crl", "http://crl.example.com/b.crl"],
    ocspServers: ["http://ocsp.example.com"],
    issuingCertificateUrls: ["http://ca.example.com/ca.crt"],
  },
  "two policies": { policyOids: ["1.3.6.1.4.1.32473.1", "1.3.6.1.4.1.32473.2"] },
  "a CRL": { crlDistributionPoints: ["http://crl.example.com/a.crl"] },
};
