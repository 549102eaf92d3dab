import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { encodePem } from "@countersign/issuer-signer";
import {
  contextTag,
  der,
  derBitString,
  derOctetString,
  derOid,
  derSequence,
  derSmallInteger,
  tags,
} from "@countersign/issuer-signer/der";
import { type Policy, parsePolicy } from "./parse-policy.ts";
import { type CertificateRequestLike, type Subject, subjectOfCertificateRequest } from "./subject.ts";

/** For tests: an attribute of the subject: dotted OID, text, and the ASN.1 type where it is not UTF8String. */
export type FixtureAttribute = readonly [oid: string, value: string, tag?: number];

/** For tests: the parts of a CSR, each of which may be what a hostile client would write. */
export interface CsrParts {
  readonly key?: KeyObject | undefined;
  readonly subject?: readonly FixtureAttribute[] | undefined;
  /** Encoded GeneralNames; {@link dnsName} and its neighbours make them. */
  readonly sans?: readonly Uint8Array[] | undefined;
  /** Encoded extensions beside the SANs. */
  readonly extensions?: readonly Uint8Array[] | undefined;
  /** Encoded PKCS#10 attributes beside the extension request. */
  readonly attributes?: readonly Uint8Array[] | undefined;
  readonly trailing?: Uint8Array | undefined;
}

export const ecKey: KeyObject = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;

/** Writes and signs the CSR; answers base64 of its PEM, as a CertificateRequest has it. */
export function csrOf(parts: CsrParts): string {
  const { key = ecKey, subject = [], sans = [], extensions = [], attributes = [], trailing } = parts;
  const rdns = subject.map(([oid, value, tag = tags.utf8String]) =>
    der(
      tags.set,
      derSequence(derOid(oid), der(tag, Buffer.from(value, tag === tags.utf8String ? "utf8" : "latin1"))),
    ),
  );
  const all = [...(sans.length > 0 ? [extension("2.5.29.17", derSequence(...sans))] : []), ...extensions];
  const requested = all.length > 0 ? [attribute("1.2.840.113549.1.9.14", derSequence(...all))] : [];
  const info = derSequence(
    derSmallInteger(0),
    derSequence(...rdns),
    createPublicKey(key).export({ type: "spki", format: "der" }),
    der(contextTag(0, true), ...requested, ...attributes),
  );
  const [algorithm, hash] = algorithmOf(key);
  const signed = derSequence(info, algorithm, derBitString(sign(hash, info, key)));
  const bytes = trailing === undefined ? signed : Buffer.concat([signed, trailing]);
  return Buffer.from(encodePem("CERTIFICATE REQUEST", bytes)).toString("base64");
}

function algorithmOf(key: KeyObject): readonly [Uint8Array, string | null] {
  switch (key.asymmetricKeyType) {
    case "rsa":
      return [derSequence(derOid("1.2.840.113549.1.1.11"), der(tags.null)), "sha256"];
    case "ed25519":
      return [derSequence(derOid("1.3.101.112")), null];
    default:
      return [derSequence(derOid("1.2.840.10045.4.3.2")), "sha256"];
  }
}

export function extension(oid: string, value: Uint8Array): Uint8Array {
  return derSequence(derOid(oid), derOctetString(value));
}

export function attribute(oid: string, value: Uint8Array): Uint8Array {
  return derSequence(derOid(oid), der(tags.set, value));
}

export function dnsName(name: string): Uint8Array {
  return der(contextTag(2, false), Buffer.from(name, "latin1"));
}

export function emailName(name: string): Uint8Array {
  return der(contextTag(1, false), Buffer.from(name, "latin1"));
}

export function uriName(name: string): Uint8Array {
  return der(contextTag(6, false), Buffer.from(name, "latin1"));
}

export function ipName(...octets: readonly number[]): Uint8Array {
  return der(contextTag(7, false), Uint8Array.from(octets));
}

/** An otherName of a UTF8String, such as a Microsoft UPN. */
export function otherName(oid: string, value: string, tag: number = tags.utf8String): Uint8Array {
  return der(contextTag(0, true), derOid(oid), der(contextTag(0, true), der(tag, Buffer.from(value))));
}

/** A CertificateRequest for the CSR; `spec` replaces parts of it. */
export function certificateRequest(parts: CsrParts, spec: Partial<CertificateRequestLike["spec"]> = {}) {
  return {
    apiVersion: "cert-manager.io/v1",
    kind: "CertificateRequest",
    metadata: { name: "web-1", namespace: "shop" },
    spec: {
      issuerRef: { name: "acme", kind: "AcmeIssuer", group: "pki.example.com" },
      request: csrOf(parts),
      username: "system:serviceaccount:cert-manager:cert-manager",
      groups: ["system:serviceaccounts", "system:authenticated"],
      ...spec,
    },
  };
}

export function subjectWith(parts: CsrParts, spec?: Partial<CertificateRequestLike["spec"]>): Subject {
  return subjectOfCertificateRequest(certificateRequest(parts, spec));
}

/** A CertificateRequestPolicy that selects everything unless the spec says otherwise. */
export function policyObjectOf(
  spec: object,
  name = "policy",
  annotations: Readonly<Record<string, string>> = {},
) {
  return {
    apiVersion: "policy.cert-manager.io/v1alpha1",
    kind: "CertificateRequestPolicy",
    metadata: { name, annotations },
    spec: { selector: { issuerRef: {} }, ...spec },
  };
}

export function policyOf(
  spec: object,
  name?: string,
  annotations?: Readonly<Record<string, string>>,
): Policy {
  return parsePolicy(policyObjectOf(spec, name, annotations));
}
